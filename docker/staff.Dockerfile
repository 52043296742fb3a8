# An instructor's server: JupyterLab, the whole course tree, read-only, and every command of `tito`. It holds solutions and hidden
# tests, and no secret: what its owner may do in the course she does with her browser's login.
ARG BASE_IMAGE=tinytorch-hub/base:bookworm

FROM ${BASE_IMAGE} AS python
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends python3 ca-certificates tini bash-completion less nano >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* /usr/share/doc/* /usr/share/man/*

FROM python AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
COPY ca.crt bootstrap.lock packages.lock trim.sh /build/
ENV PIP_CERT=/build/ca.crt SSL_CERT_FILE=/build/ca.crt PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /build/uv && /build/uv/bin/pip install --quiet --require-hashes -r /build/bootstrap.lock
RUN /build/uv/bin/uv venv --quiet --python /usr/bin/python3 /opt/tinytorch \
 && /build/uv/bin/uv pip sync --quiet --python /opt/tinytorch/bin/python --require-hashes --link-mode copy /build/packages.lock \
 && sh /build/trim.sh /opt/tinytorch \
 && /opt/tinytorch/bin/python -m compileall -q -j 2 /opt/tinytorch/lib
COPY checkout/ /opt/checkout/
RUN /build/uv/bin/uv pip install --quiet --python /opt/tinytorch/bin/python --no-deps --no-build-isolation --editable /opt/checkout \
 && /opt/tinytorch/bin/tito export --all --quiet \
 && /opt/tinytorch/bin/python -m compileall -q /opt/checkout/tinytorch /opt/checkout/course/tito /opt/checkout/exchange \
 && rm -f /opt/tinytorch/.lock

FROM python
RUN useradd --create-home --uid 1000 --shell /bin/bash jovyan
COPY --from=build /opt/tinytorch /opt/tinytorch
COPY --from=build /opt/checkout /opt/checkout
COPY etc/ /etc/jupyter/
ENV PATH=/opt/tinytorch/bin:/usr/local/bin:/usr/bin:/bin VIRTUAL_ENV=/opt/tinytorch LANG=C.UTF-8 \
    HOME=/home/jovyan TITO_COURSE=/opt/checkout/course SERVER_KIND=staff SHELL=/bin/bash \
    JUPYTER_CONFIG_PATH=/etc/jupyter/staff:/etc/jupyter JUPYTER_PREFER_ENV_PATH=0 PYTHONDONTWRITEBYTECODE=1
USER jovyan
WORKDIR /home/jovyan
EXPOSE 8888
ENTRYPOINT ["tini", "-g", "--"]
CMD ["python", "/etc/jupyter/launch.py"]
