# PostgreSQL for the Hub and its services. It listens on no network: its socket is in a volume that only the Hub shares.
ARG BASE_IMAGE=tinytorch-hub/base:bookworm

FROM ${BASE_IMAGE}
# The uids are fixed, since volumes outlive images; 1000 is the Hub's.
RUN useradd --system --uid 999 --home-dir /var/lib/postgresql postgres && useradd --system --uid 1000 hub \
 && mkdir -p /etc/postgresql-common && echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf \
 && apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends postgresql tini >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* /usr/share/doc/* /usr/share/man/* \
 && install -d -o postgres -g postgres -m 0755 /run/postgresql && install -d -o postgres -g postgres -m 0700 /var/lib/postgresql
COPY database.sh /usr/local/bin/database
ENV LANG=C.UTF-8 PGDATA=/var/lib/postgresql/data
USER postgres
STOPSIGNAL SIGINT
ENTRYPOINT ["tini", "--"]
CMD ["sh", "/usr/local/bin/database"]
