# syntax=docker/dockerfile:1

FROM node:20-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No package that runs in production needs an install script: lmdb brings its binaries as packages.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY events events
COPY services services
RUN npm run build

FROM node:20-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
COPY --from=build /app/dist dist
COPY LICENSE ./

RUN mkdir /data && chown node:node /data
# The user node, by number: where it is asked that nobody runs as root, a name proves nothing.
USER 1000:1000
VOLUME /data
# All interfaces of the container: serve then asks for FLEETMETER_INGEST_TOKEN (or …_FILE) and says so where it is missing.
ENV FLEETMETER_LISTEN=0.0.0.0:19464 \
    FLEETMETER_DATA_DIR=/data
EXPOSE 19464
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:19464/-/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

ENTRYPOINT ["node", "dist/services/cli/main.js"]
CMD ["serve"]
