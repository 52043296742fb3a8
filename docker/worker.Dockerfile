# The judge's worker: numpy, the wire and the fixtures, in which one submission runs and nothing else. No module of the
# course, no test, no editor, no network when it runs. `tito image build` stages the context.
ARG BASE_IMAGE=tinytorch-hub/base:bookworm

FROM ${BASE_IMAGE} AS python
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends python3 >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* /usr/share/doc/* /usr/share/man/*

FROM python AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv ca-certificates >/dev/null
COPY ca.crt bootstrap.lock packages.lock trim.sh /build/
ENV PIP_CERT=/build/ca.crt SSL_CERT_FILE=/build/ca.crt PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /build/uv && /build/uv/bin/pip install --quiet --require-hashes -r /build/bootstrap.lock
RUN /build/uv/bin/uv venv --quiet --python /usr/bin/python3 /env \
 && /build/uv/bin/uv pip sync --quiet --python /env/bin/python --require-hashes --link-mode copy /build/packages.lock \
 && sh /build/trim.sh /env
COPY wheels/ /build/wheels/
RUN /build/uv/bin/uv pip install --quiet --python /env/bin/python --no-deps --link-mode copy /build/wheels/*.whl \
 && /env/bin/python -m compileall -q -j 2 /env/lib && rm -f /env/.lock

FROM python
COPY --from=build /env /env
ENV PATH=/env/bin:/usr/bin LANG=C.UTF-8
USER 65534:65534
WORKDIR /tmp
CMD ["/env/bin/python", "-P", "-s", "-B", "-m", "tito.worker"]
