# The packages from Debian's and PyPI's registries for every other image: installed once, copied by them. `tito image build` runs
# packages.sh in a container of this image, which keeps downloads in a volume, and names the result.
ARG BASE_IMAGE=tinytorch-hub/base:bookworm

FROM ${BASE_IMAGE}
# From Docker's package the Hub needs only the client, not the engine.
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends python3 python3-distutils python3-pip-whl ca-certificates >/dev/null \
 && cd /tmp && apt-get download -qq docker.io \
 && dpkg-deb --fsys-tarfile docker.io_*.deb | tar -x -C / ./usr/bin/docker \
 && rm -rf docker.io_*.deb /var/lib/apt/lists/* /var/cache/apt/* /var/log/*
# ca.crt is this machine's own bundle of certificate authorities, for machines that reach packages through a proxy.
ENV PIP_CERT=/build/ca.crt SSL_CERT_FILE=/build/ca.crt NODE_EXTRA_CA_CERTS=/build/ca.crt PIP_DISABLE_PIP_VERSION_CHECK=1 \
    UV_LINK_MODE=copy PATH=/build/uv/bin:/usr/local/bin:/usr/bin:/bin
COPY . /build/
