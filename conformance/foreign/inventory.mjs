// Derives internal/contract/testdata/inventory.json from the type declarations of the official TypeScript SDK: all
// types in requests, batches and results. It prints the JSON.
//
// Two versions of the SDK are read, see package.json: @anthropic-ai/sdk, and the last one of API version 2023-06-01. A
// property of a request that only the latter has is marked with that version. Facts come only from types: names,
// properties, which of them are required or deprecated, members of unions, values.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const here = dirname(fileURLToPath(import.meta.url));
const current = '@anthropic-ai/sdk';
const old = '@anthropic-ai/sdk-2023-06-01';
const oldVersion = '2023-06-01';

// Types for which the contract uses another name, that of the API's reference.
const names = {
  'BatchCreateParams.Request': 'BetaMessageBatchIndividualRequestParams',
  'MessageCreateParamsBase': 'BetaCreateMessageParams',
  'BatchCreateParams.Request.Params': 'BetaCreateMessageParams', // in the old version
  'BetaMessageBatchRequestCounts': 'BetaRequestCounts',
  'BetaTool.InputSchema': 'InputSchema',
};
const headers = {
  betas: 'anthropic-beta',
  user_profile_id: 'anthropic-user-profile-id',
  workspace_id: 'anthropic-workspace-id',
};
const roots = {
  request: 'BatchCreateParams.Request',
  batch: 'BetaMessageBatch',
  result_line: 'BetaMessageBatchIndividualResponse',
  deleted: 'BetaDeletedMessageBatch',
};

// read returns the types of a package that are reachable from the roots, by the contract's names.
function read(name) {
  const folder = join(here, 'node_modules', name);
  const entry = join(folder, 'resources/beta/messages/batches.d.ts');
  const program = ts.createProgram([entry], { skipLibCheck: true, types: [], module: ts.ModuleKind.NodeNext });
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(entry);
  if (!file) throw new Error(`${name} has no ${entry}`);

  const types = new Map();
  const queue = [];

  const resolve = (symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);
  const qualified = (symbol) => {
    const parent = symbol.parent;
    const inside = parent && !(parent.flags & ts.SymbolFlags.ValueModule);
    return inside ? `${qualified(parent)}.${symbol.name}` : symbol.name;
  };
  const contractName = (symbol) => {
    const full = qualified(symbol).replace('MessageCreateParamsNonStreaming', 'MessageCreateParamsBase');
    if (names[full]) return names[full];
    // The errors are called ...ErrorObject next to classes of the SDK, in a separate file.
    const source = symbol.declarations[0].getSourceFile().fileName;
    if (source.endsWith('/resources/beta/beta.d.ts')) return full.replace(/ErrorObject$/, 'Error');
    return full.replaceAll('.', '');
  };

  // alternatives returns the members of a type as texts, with unions expanded.
  const alternatives = (node) => {
    if (ts.isParenthesizedTypeNode(node) || ts.isTypeOperatorNode(node)) return alternatives(node.type); // readonly
    if (ts.isUnionTypeNode(node)) return [...new Set(node.types.flatMap(alternatives))];
    if (ts.isLiteralTypeNode(node)) {
      return [node.literal.kind === ts.SyntaxKind.NullKeyword ? 'null' : JSON.stringify(node.literal.text ?? node.getText() === 'true')];
    }
    if (ts.isArrayTypeNode(node)) return [list(node.elementType)];
    if (ts.isIntersectionTypeNode(node) && node.getText() === '(string & {})'.slice(1, -1)) return ['string'];
    if (ts.isTypeLiteralNode(node)) {
      const index = node.members.find(ts.isIndexSignatureDeclaration);
      if (index && node.members.length === 1) return [`map<${alternatives(index.type).join(' | ')}>`];
      throw new Error(`an object without a name: ${node.getText()}`);
    }
    if (ts.isTypeReferenceNode(node)) {
      const reference = node.typeName.getText();
      if (reference === 'Array') return [list(node.typeArguments[0])];
      if (reference === 'Record') return [`map<${alternatives(node.typeArguments[1]).join(' | ')}>`];
      const symbol = resolve(checker.getSymbolAtLocation(node.typeName));
      const declaration = symbol.declarations?.find((d) => ts.isInterfaceDeclaration(d) || ts.isTypeAliasDeclaration(d));
      if (!declaration) throw new Error(`${reference} is neither an interface nor an alias`);
      if (ts.isTypeAliasDeclaration(declaration)) return alternatives(declaration.type);
      queue.push(symbol);
      return [contractName(symbol)];
    }
    switch (node.kind) {
      case ts.SyntaxKind.UnknownKeyword:
      case ts.SyntaxKind.AnyKeyword:
        return ['any'];
      case ts.SyntaxKind.StringKeyword:
      case ts.SyntaxKind.NumberKeyword:
      case ts.SyntaxKind.BooleanKeyword:
        return [node.getText()];
    }
    throw new Error(`a type of kind ${ts.SyntaxKind[node.kind]}: ${node.getText()}`);
  };
  const list = (node) => {
    const items = alternatives(node);
    return items.length > 1 ? `(${items.join(' | ')})[]` : `${items[0]}[]`;
  };
  // text returns a type as the inventory writes it: string comes after the known values of an open enum, and null last.
  const text = (node) => {
    const all = alternatives(node);
    if (all.includes('any')) return 'any';
    const last = (t) => (t === 'null' ? 2 : t === 'string' && all.some((a) => a.startsWith('"')) ? 1 : 0);
    return all.sort((a, b) => last(a) - last(b)).join(' | ');
  };

  // addType records the properties of an interface, including inherited ones.
  const addType = (symbol) => {
    if (symbol.name === 'MessageCreateParamsNonStreaming') { // has stream as false, which selects a method of the SDK
      const [base] = checker.getBaseTypes(checker.getDeclaredTypeOfSymbol(symbol));
      return addType(base.symbol);
    }
    const name = contractName(symbol);
    if (types.has(name)) return;
    const t = { properties: {} };
    types.set(name, t);
    const type = checker.getDeclaredTypeOfSymbol(symbol);
    for (const property of checker.getPropertiesOfType(type)) {
      const node = property.declarations[0];
      const comment = node.jsDoc?.map((d) => ts.getTextOfJSDocComment(d.comment)).join('\n') ?? '';
      if (/^Header param:/.test(comment)) continue;
      const fact = { type: text(node.type), required: !node.questionToken };
      if (ts.getJSDocDeprecatedTag(node) || /^(Body param: )?Deprecated:/.test(comment)) fact.deprecated = true;
      t.properties[property.name] = fact;
    }
    const index = checker.getIndexInfosOfType(type)[0];
    if (index) t.additional = text(index.declaration.type);
  };

  const lookUp = (path) => {
    let symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(file));
    let symbol;
    for (const name of path.split('.')) {
      symbol = symbols.find((s) => s.name === name);
      if (!symbol) throw new Error(`${path} has no ${name}`);
      symbols = [...(symbol.exports?.values() ?? [])];
    }
    return symbol;
  };
  const headersOf = (path) =>
    checker
      .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(lookUp(path)))
      .map((p) => p.name)
      .filter((p) => p !== 'requests')
      .map((p) => headers[p] ?? p)
      .concat('anthropic-version') // the SDK's client sends it
      .sort();

  queue.push(...Object.values(roots).map(lookUp));
  for (let symbol; (symbol = queue.shift()); ) addType(symbol);

  const beta = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(lookUp('BatchRetrieveParams'))).find((p) => p.name === 'betas');
  const betas = alternatives(beta.declarations[0].type)[0].match(/"[^"]+"/g).map((b) => JSON.parse(b));
  return {
    version: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version,
    headers: { create: headersOf('BatchCreateParams'), others: headersOf('BatchRetrieveParams') },
    types,
    betas: betas.sort(),
  };
}

const now = read(current);
const then = read(old);

// Parameters of a message that only the old version of the API accepts.
const params = names.MessageCreateParamsBase;
for (const [property, fact] of Object.entries(then.types.get(params).properties)) {
  if (!now.types.get(params).properties[property]) {
    now.types.get(params).properties[property] = { ...fact, deprecated: undefined, versions: [oldVersion] };
  }
}

const sorted = (entries) => Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
for (const t of now.types.values()) t.properties = sorted(Object.entries(t.properties));
const result = {
  source: `public type definitions of the official TypeScript SDK ${now.version} and ${then.version}`,
  headers: now.headers,
  types: sorted(now.types),
  anthropic_beta_values: now.betas,
};
console.log(JSON.stringify(result, null, 1));
