# Keylane in a container. Settings and handlers belong in /settings: mounted, or in an image made from this one
# (docs/compose.md).

FROM node:22-bookworm-slim AS build
WORKDIR /keylane
COPY package.json package-lock.json .npmrc ./
# No dependency needs its install script here.
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build
# Temporal's SDK brings a native library for every platform, of 30 MB each; this image runs on one.
RUN npm prune --omit=dev --ignore-scripts \
  && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 \
    ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -r {} +

FROM node:22-bookworm-slim
ENV NODE_ENV=production
COPY --from=build /keylane/package.json /opt/keylane/
COPY --from=build /keylane/node_modules /opt/keylane/node_modules
COPY --from=build /keylane/dist /opt/keylane/dist
# /node_modules is where a JavaScript settings file in /settings finds 'keylane'.
RUN ln -s /opt/keylane/dist/cli/main.js /usr/local/bin/keylane \
  && mkdir /settings /node_modules \
  && chown node:node /settings \
  && ln -s /opt/keylane /node_modules/keylane
USER node
WORKDIR /settings
ENTRYPOINT ["keylane"]
CMD ["start"]
