# An instructor's server: JupyterLab, the whole course tree, read-only, and every command of `tito`. It contains solutions and
# hidden tests, but no secret: what its owner may do in the course, they do with their browser's login.
ARG BASE_IMAGE=tinytorch-hub/base:bookworm
ARG PACKAGES_IMAGE=tinytorch-hub/packages

FROM ${PACKAGES_IMAGE} AS build
COPY checkout/ /opt/checkout/
COPY etc/ /build/etc/
RUN uv pip install --quiet --offline --python /opt/tinytorch/bin/python --prefix /build/course --no-deps --no-build-isolation \
    --editable /opt/checkout \
 && PYTHONPATH=/opt/checkout:/opt/checkout/course /build/course/bin/tito export --all --quiet \
 && /opt/tinytorch/bin/python -m compileall -q /opt/checkout/tinytorch /opt/checkout/course/tito /opt/checkout/exchange \
 && /opt/tinytorch/bin/python -m compileall -q -s /build/etc -p /etc/jupyter /build/etc \
 && rm -f /build/course/.lock

FROM ${BASE_IMAGE}
# These two steps are the same in student, staff and hub, which therefore share a layer of 450 MB.
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends python3 ca-certificates tini >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* /usr/share/doc/* /usr/share/man/*
COPY --from=build /layers/student /opt/tinytorch
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends bash-completion less nano >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* /usr/share/doc/* /usr/share/man/* \
 && useradd --create-home --uid 1000 --shell /bin/bash jovyan
COPY --from=build /layers/staff /opt/tinytorch
COPY --from=build /build/course /opt/tinytorch
COPY --from=build /opt/checkout /opt/checkout
COPY --from=build /build/etc /etc/jupyter
ENV PATH=/opt/tinytorch/bin:/usr/local/bin:/usr/bin:/bin VIRTUAL_ENV=/opt/tinytorch LANG=C.UTF-8 \
    HOME=/home/jovyan TITO_COURSE=/opt/checkout/course SERVER_KIND=staff SHELL=/bin/bash \
    JUPYTER_CONFIG_PATH=/etc/jupyter/staff:/etc/jupyter JUPYTER_PREFER_ENV_PATH=0 PYTHONDONTWRITEBYTECODE=1
USER jovyan
WORKDIR /home/jovyan
EXPOSE 8888
ENTRYPOINT ["tini", "-g", "--"]
CMD ["python", "/etc/jupyter/launch.py"]
