#!/bin/sh
# Renews internal/contract/testdata/inventory.json from the TypeScript SDK that conformance/foreign/package.json names.
set -eu
cd "$(dirname "$0")/foreign"
npm ci --loglevel=error
node inventory.mjs >inventory.json
mv inventory.json ../../internal/contract/testdata/inventory.json
