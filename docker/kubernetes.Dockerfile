# Hub, proxy, grading and backups on Kubernetes: the Hub's image, with the spawner of pods and the sandbox that grading uses
# there. `tito image build --only kubernetes` stages the context, and builds the Hub's image first.
ARG HUB_IMAGE=tinytorch-hub/hub
ARG PACKAGES_IMAGE=tinytorch-hub/packages

FROM ${PACKAGES_IMAGE} AS build
COPY kubernetes.lock /build/
# That lock contains the whole Hub's lock; only what the Hub's lacks is copied.
RUN cd /opt/tinytorch && find . ! -type d | LC_ALL=C sort >/build/before \
 && uv pip install --quiet --python bin/python --require-hashes -r /build/kubernetes.lock && rm -f .lock \
 && bin/python -m compileall -q lib/python3*/site-packages/kubespawner lib/python3*/site-packages/kubernetes_asyncio \
 && find . ! -type d | LC_ALL=C sort | LC_ALL=C comm -13 /build/before - >/build/new \
 && mkdir /build/kubernetes && tar -c -T /build/new | tar -C /build/kubernetes -x

FROM ${HUB_IMAGE}
USER root
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends bubblewrap >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* /usr/share/doc/* /usr/share/man/*
COPY --from=build /build/kubernetes /opt/tinytorch
ENV HUB_PLACE=kubernetes
USER hub
