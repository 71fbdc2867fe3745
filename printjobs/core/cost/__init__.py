"""What a run costs and who pays it (割勘): the invoice by a dated tariff, its split among the cities, to the yen.

``tariff`` prices volumes into invoice lines, ``splitting`` shares one amount by an agreed rule, ``bill`` puts both
together with the postage and what each city would have paid alone, ``shapley`` is the yardstick beside the rule.
All arithmetic is in whole yen or exact fractions.
"""
