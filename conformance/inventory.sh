#!/bin/sh
# Regenerates internal/contract/testdata/inventory.json from the TypeScript SDK in conformance/foreign/package.json.
set -eu
cd "$(dirname "$0")/foreign"
npm ci --loglevel=error
node inventory.mjs >inventory.json
mv inventory.json ../../internal/contract/testdata/inventory.json
