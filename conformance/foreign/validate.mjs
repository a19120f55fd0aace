// Checks cases against the components of a contract with a JSON Schema 2020-12 validator:
//
//	node validate.mjs openapi.yaml newer.json
//
// A case has a name, a component, a value, and whether the value is valid. The script prints a line for each case in
// which the validator disagrees.
import { readFileSync } from 'node:fs';
import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { load } from 'js-yaml';

const [contract, cases] = process.argv.slice(2);
const ajv = new Ajv.default({ strict: false, allErrors: true }); // OpenAPI has keywords of its own
formats.default(ajv);
ajv.addSchema(load(readFileSync(contract, 'utf8')), 'openapi');

for (const { name, component, valid, value } of JSON.parse(readFileSync(cases, 'utf8'))) {
  const validate = ajv.getSchema(`openapi#/components/schemas/${component}`);
  if (!validate) {
    console.log(`${name}: the contract has no ${component}`);
  } else if (validate(value) !== valid) {
    const why = valid ? ajv.errorsText(validate.errors, { dataVar: '' }) : 'it is valid';
    console.log(`${name} (${component}): ${why}`);
  }
}
