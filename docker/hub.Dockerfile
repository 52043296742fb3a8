# The Hub and its services, watched by one supervisor, with the Node proxy. It talks to the engine's socket, which `compose.yaml` gives
# it, and is no root user. `tito image build` stages the context; the checkout in it is what `make serve` runs too.
ARG BASE_IMAGE=tinytorch-hub/base:bookworm
ARG PACKAGES_IMAGE=tinytorch-hub/packages

FROM ${PACKAGES_IMAGE} AS build
COPY checkout/ /opt/checkout/
RUN uv pip install --quiet --offline --python /opt/tinytorch/bin/python --prefix /build/course --no-deps --no-build-isolation \
    --editable /opt/checkout \
 && PYTHONPATH=/opt/checkout:/opt/checkout/course /build/course/bin/tito export --all --quiet \
 && /opt/tinytorch/bin/python -m compileall -q /opt/checkout/tinytorch /opt/checkout/course/tito /opt/checkout/exchange /opt/checkout/hub_config \
 && ln -s /opt/tinytorch /opt/checkout/.venv \
 && rm -f /build/course/.lock

FROM ${BASE_IMAGE}
# These two steps are the same in student, staff and hub, which so share a layer of 450 MB.
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends python3 ca-certificates tini >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* /usr/share/doc/* /usr/share/man/*
COPY --from=build /layers/student /opt/tinytorch
# uid 1000 owns the state on the host; the database knows the same uid as its only client.
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends procps postgresql-client >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* /usr/share/doc/* /usr/share/man/* \
 && useradd --create-home --uid 1000 --shell /bin/bash hub
COPY --from=build /layers/hub /opt/tinytorch
COPY --from=build /usr/bin/docker /usr/bin/docker
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /opt/proxy /opt/proxy
COPY --from=build /build/course /opt/tinytorch
COPY --from=build /opt/checkout /opt/checkout
ENV PATH=/opt/checkout/.venv/bin:/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 HOME=/home/hub PYTHONDONTWRITEBYTECODE=1 \
    HUB_PLACE=docker HUB_DOCKER__BUILD=false HUB_DOCKER__KEEP_SERVERS=true \
    HUB_PROXY=/opt/proxy/node_modules/.bin/configurable-http-proxy
USER hub
WORKDIR /opt/checkout
ENTRYPOINT ["tini", "--"]
CMD ["python", "-m", "hub_config", "serve"]
