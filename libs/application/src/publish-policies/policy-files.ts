import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkPolicy, type PolicyDocument, type PolicyFault } from '@consent-ledger/consent';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { parseDocument } from 'yaml';
import { policySchema } from './policy.schema.js';

/** A policy that cannot be judged by; the message names the file and, for each fault, the path in it. */
export class InvalidPolicy extends Error {
  readonly code = 'INVALID_POLICY';
  constructor(
    /** What the policy was read from. */
    readonly file: string,
    readonly faults: readonly PolicyFault[],
  ) {
    super(
      `${file} is not a valid policy:\n${faults.map(({ path, message }) => `  ${path || '/'} ${message}`).join('\n')}`,
    );
  }
}

const conforms = new Ajv2020({ allErrors: true }).compile(policySchema);

/** Reads a policy file, or every `.yaml`, `.yml` and `.json` file of a folder. Throws `InvalidPolicy`. */
export async function readPolicies(path: string): Promise<PolicyDocument[]> {
  const files = (await stat(path)).isDirectory()
    ? (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name)).map((name) => join(path, name))
    : [path];
  if (files.length === 0) throw new InvalidPolicy(path, [{ path: '', message: 'holds no policy file' }]);
  return Promise.all(files.sort().map(async (file) => parsePolicy(await readFile(file, 'utf8'), file)));
}

/** Reads one policy document (YAML or JSON) and completes it with the hash of each statement's text. Throws `InvalidPolicy`. */
export function parsePolicy(text: string, file: string): PolicyDocument {
  const yaml = parseDocument(text, { prettyErrors: true });
  if (yaml.errors.length > 0)
    throw new InvalidPolicy(
      file,
      yaml.errors.map(({ message }) => ({ path: '', message })),
    );
  return readPolicyContent(yaml.toJS(), file);
}

/** The same of a document that is parsed already; `origin` names it in what it is refused with. Throws `InvalidPolicy`. */
export function readPolicyContent(content: unknown, origin: string): PolicyDocument {
  if (!conforms(content)) throw new InvalidPolicy(origin, (conforms.errors ?? []).map(schemaFault));
  const document = withHashes(content as unknown as PolicyDocument);
  const faults = checkPolicy(document);
  if (faults.length > 0) throw new InvalidPolicy(origin, faults);
  return document;
}

function schemaFault({ instancePath, message, keyword, params }: ErrorObject): PolicyFault {
  const extra = keyword === 'additionalProperties' ? ` ("${String(params['additionalProperty'])}")` : '';
  const choices = keyword === 'enum' ? `: ${(params['allowedValues'] as string[]).join(', ')}` : '';
  return { path: instancePath, message: `${message ?? 'is not right'}${extra}${choices}` };
}

function withHashes(document: PolicyDocument): PolicyDocument {
  const statements = document.statements.map((statement) => ({
    ...statement,
    hashes: Object.fromEntries(Object.entries(statement.texts).map(([language, text]) => [language, sha256(text)])),
  }));
  return { ...document, statements };
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
