// Makes accounts for NATS's decentralised authentication
// (https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/jwt): an operator
// vouches for an account and the account for a user, each by a JWT signed with an Ed25519 key.

import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';

const [OPERATOR, ACCOUNT, USER, SEED] = [14 << 3, 0, 20 << 3, 18 << 3];

/** @param {number[]} bytes */
function base32(bytes) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return bits.replace(/.{1,5}/g, (five) => alphabet[parseInt(five.padEnd(5, '0'), 2)]);
}

/**
 * CRC-16/XMODEM.
 * @param {number[]} bytes
 */
function crc16(bytes) {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; ++bit) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    crc &= 0xffff;
  }
  return crc;
}

/** @param {number[]} bytes */
function checked(bytes) {
  const crc = crc16(bytes);
  return base32([...bytes, crc & 0xff, crc >> 8]);
}

class Key {
  /** @param {number} kind */
  constructor(kind) {
    const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
    this.key = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' });
    this.public = checked([kind, ...Buffer.from(x, 'base64url')]);
    this.seed = checked([SEED | (kind >> 5), (kind & 31) << 3, ...Buffer.from(d, 'base64url')]);
  }

  /** @type {(subject: Key, name: string, nats: object) => string} */
  vouch(subject, name, nats) {
    /** @param {object} object */
    const part = (object) => Buffer.from(JSON.stringify(object)).toString('base64url');
    const claims = { jti: name, iat: Math.floor(Date.now() / 1000), iss: this.public, name, sub: subject.public, nats };
    const text = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(claims)}`;
    return `${text}.${sign(null, Buffer.from(text), this.key).toString('base64url')}`;
  }
}

/** Gives the configuration of a server, and the .creds file of a user that may log in there. */
export function makeAccounts() {
  const [operator, system, account, user] = [OPERATOR, ACCOUNT, ACCOUNT, USER].map((kind) => new Key(kind));
  const bounds = { subs: -1, data: -1, payload: -1 };
  const limits = { ...bounds, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const jetstream = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  /** @type {(key: Key, name: string, its_limits: object) => string} */
  const accountJwt = (key, name, its_limits) =>
    `${key.public}: ${operator.vouch(key, name, { limits: its_limits, type: 'account', version: 2 })}`;
  const user_jwt = account.vouch(user, 'server', { pub: {}, sub: {}, ...bounds, type: 'user', version: 2 });
  return {
    config: [
      `operator: ${operator.vouch(operator, 'test', { type: 'operator', version: 2 })}`,
      'resolver: MEMORY',
      `system_account: ${system.public}`,
      `resolver_preload: {`,
      accountJwt(system, 'system', limits),
      accountJwt(account, 'onair', { ...limits, ...jetstream }),
      '}',
    ].join('\n'),
    creds: [
      `-----BEGIN NATS USER JWT-----\n${user_jwt}\n------END NATS USER JWT------\n`,
      `-----BEGIN USER NKEY SEED-----\n${user.seed}\n------END USER NKEY SEED------\n`,
    ].join('\n'),
  };
}
