import { generateKeyPairSync, sign } from 'node:crypto';

/** A private key and the certificate that goes with it, as PEM. */
export interface SelfSignedCertificate {
  readonly key: string;
  readonly certificate: string;
}

const OID = {
  ecdsaWithSha256: '06082a8648ce3d040302',
  commonName: '0603550403',
  subjectAltName: '0603551d11',
  basicConstraints: '0603551d13',
};
const TRUE = '0101ff';
const VERSION_3 = '020102';

/** Makes a certificate for localhost that is its own authority (RFC 5280), so that no key lies among the sources. */
export function selfSignedCertificate(): SelfSignedCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(der(0x31, sequence(OID.commonName, der(0x0c, text('a server in a test')))));
  const signature = sequence(OID.ecdsaWithSha256);
  const body = sequence(
    der(0xa0, VERSION_3),
    '020101',
    signature,
    name,
    sequence(der(0x17, text('200101000000Z')), der(0x17, text('491231235959Z'))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }).toString('hex'),
    der(
      0xa3,
      sequence(
        sequence(OID.basicConstraints, TRUE, der(0x04, sequence(TRUE))),
        sequence(OID.subjectAltName, der(0x04, sequence(der(0x82, text('localhost'))))),
      ),
    ),
  );
  const signed = sign('sha256', Buffer.from(body, 'hex'), privateKey).toString('hex');
  const certificate = sequence(body, signature, der(0x03, `00${signed}`));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: `-----BEGIN CERTIFICATE-----\n${Buffer.from(certificate, 'hex').toString('base64')}\n-----END CERTIFICATE-----\n`,
  };
}

function sequence(...parts: readonly string[]): string {
  return der(0x30, parts.join(''));
}

/** A value with its tag and its length in front, all as hexadecimal digits. */
function der(tag: number, content: string): string {
  const length = content.length / 2;
  return `${hex(tag)}${length < 128 ? hex(length) : `82${hex(length >> 8)}${hex(length & 255)}`}${content}`;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

function text(value: string): string {
  return Buffer.from(value).toString('hex');
}
