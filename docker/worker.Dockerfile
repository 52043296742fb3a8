# The judge's worker: numpy, the wire protocol and the fixtures, in which one submission runs and nothing else. It has no module
# of the course, no test, no editor, and no network when it runs. `tito image build` stages the context.
ARG BASE_IMAGE=tinytorch-hub/base:bookworm
ARG PACKAGES_IMAGE=tinytorch-hub/packages

FROM ${PACKAGES_IMAGE} AS build
COPY wheels/ /build/wheels/
RUN uv pip install --quiet --offline --python /env/bin/python --no-deps /build/wheels/*.whl \
 && /env/bin/python -m compileall -q -j 2 /env/lib && rm -f /env/.lock

FROM ${BASE_IMAGE}
# The same first step as in the other images, so that it is done once for all.
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends python3 ca-certificates tini >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* /usr/share/doc/* /usr/share/man/*
COPY --from=build /env /env
ENV PATH=/env/bin:/usr/bin LANG=C.UTF-8
USER 65534:65534
WORKDIR /tmp
CMD ["/env/bin/python", "-P", "-s", "-B", "-m", "tito.worker"]
