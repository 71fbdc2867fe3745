FROM python:3.11-slim

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PYTHONUNBUFFERED=1

WORKDIR /src

# The packages first: this layer is built again only when a version changes.
COPY requirements.txt ./
RUN pip install --require-hashes -r requirements.txt

COPY pyproject.toml README.md ./
COPY printjobs printjobs
COPY layouts layouts
COPY fonts fonts
COPY workers workers
RUN pip install --no-deps --no-build-isolation .

# A named volume takes over the owner of the folder it is mounted on, so /data is made here.
RUN useradd --uid 10001 --user-group --home-dir /data --shell /usr/sbin/nologin printjobs \
    && install --directory --owner=printjobs --group=printjobs --mode=0700 /data
USER printjobs
# Away from /src, so that what runs is the installed program and not the folder it was built from.
WORKDIR /data
VOLUME /data

CMD ["printjobs", "--help"]
