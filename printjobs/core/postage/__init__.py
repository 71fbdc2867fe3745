"""What the post is paid: the dated table, postings and their price, and the cheapest lawful assignment of lots to them.

``table`` has the figures and their order, ``posting`` what is handed in together and its price, ``offers`` what one
city can bring into a posting, ``assigning`` the cheapest postings of any of the cities, ``explaining`` why it is these.
All arithmetic is in whole numbers or exact fractions.
"""
