import { describe, expect, it } from '@jest/globals';
import { createMemoryKeyVault } from './memory-key-vault.js';
import { createPersonalData } from './personal-data.js';

const CONTACT = 'annaaaaaaaaaaaaaaaaaaaaaaa';
const OTHER_CONTACT = 'bramaaaaaaaaaaaaaaaaaaaaaa';
const PLACE = { streamId: `contact-${CONTACT}`, eventId: '0197a3a2-0000-7000-8000-000000000001' };
const VALUE = { address: 'anna@example.com', evidence: { ip: '192.0.2.1' } };

const given = () => {
  const vault = createMemoryKeyVault();
  return { vault, personalData: createPersonalData(vault) };
};

describe('PersonalData', () => {
  it('opens what it sealed', async () => {
    const { personalData } = given();
    const sealed = await personalData.seal(CONTACT, PLACE, VALUE);
    expect(await personalData.open(CONTACT, PLACE, sealed)).toStrictEqual(VALUE);
  });

  it('opens what it sealed among many, each for its own contact and event', async () => {
    const { vault, personalData } = given();
    const of = (contactId: string, address: string) => ({ contactId, place: PLACE, value: { address } });
    const sealed = await personalData.sealEach([of(CONTACT, 'a'), of(OTHER_CONTACT, 'b'), of(CONTACT, 'c')]);
    const opened = [CONTACT, OTHER_CONTACT, CONTACT].map((id, at) => personalData.open(id, PLACE, sealed[at]!));
    expect(await Promise.all(opened)).toStrictEqual([{ address: 'a' }, { address: 'b' }, { address: 'c' }]);

    expect(await personalData.erasedAmong(sealed)).toStrictEqual(new Set());
    await vault.destroy(CONTACT, (await vault.keyFor(CONTACT)).id);
    expect(await personalData.erasedAmong(sealed)).toStrictEqual(new Set([sealed[0], sealed[2]]));
  });

  it('shows nothing of what it sealed', async () => {
    const { personalData } = given();
    const sealed = await personalData.seal(CONTACT, PLACE, VALUE);
    expect(sealed).toMatch(/^[\w-]{12}\.[\w-]+$/);
    expect(Buffer.from(sealed.split('.')[1]!, 'base64url').includes('anna')).toBe(false);
  });

  it('answers "erased" once the key is destroyed', async () => {
    const { vault, personalData } = given();
    const sealed = await personalData.seal(CONTACT, PLACE, VALUE);
    await vault.destroy(CONTACT, (await vault.keyFor(CONTACT)).id);
    expect(await personalData.open(CONTACT, PLACE, sealed)).toBe('erased');
  });

  it('answers "erased" for the old data of a contact that came back, and opens the new', async () => {
    const { vault, personalData } = given();
    const old = await personalData.seal(CONTACT, PLACE, VALUE);
    await vault.destroy(CONTACT, (await vault.keyFor(CONTACT)).id);
    const place = { ...PLACE, eventId: '0197a3a2-0000-7000-8000-000000000002' };
    const recent = await personalData.seal(CONTACT, place, { address: 'anna@example.org' });
    expect(await personalData.open(CONTACT, PLACE, old)).toBe('erased');
    expect(await personalData.open(CONTACT, place, recent)).toStrictEqual({ address: 'anna@example.org' });
  });

  it('opens only at the event it was sealed for', async () => {
    const { personalData } = given();
    const sealed = await personalData.seal(CONTACT, PLACE, VALUE);
    const elsewhere = [
      { ...PLACE, streamId: `contact-${OTHER_CONTACT}` },
      { ...PLACE, eventId: '0197a3a2-0000-7000-8000-000000000002' },
    ];
    for (const place of elsewhere)
      await expect(personalData.open(CONTACT, place, sealed)).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
  });

  it('does not take the data of another contact for erased', async () => {
    const { personalData } = given();
    await personalData.seal(OTHER_CONTACT, PLACE, VALUE);
    const sealed = await personalData.seal(CONTACT, PLACE, VALUE);
    await expect(personalData.open(OTHER_CONTACT, PLACE, sealed)).rejects.toMatchObject({ code: 'KEY_MISSING' });
  });

  it('does not take a vault that was lost for an erasure', async () => {
    const sealed = await given().personalData.seal(CONTACT, PLACE, VALUE);
    await expect(given().personalData.open(CONTACT, PLACE, sealed)).rejects.toMatchObject({ code: 'KEY_MISSING' });
  });

  it('throws for text of which any one character was changed', async () => {
    const { personalData } = given();
    const sealed = await personalData.seal(CONTACT, PLACE, VALUE);
    for (let i = 0; i < sealed.length; i++) {
      const changed = sealed.slice(0, i) + (sealed[i] === 'A' ? 'B' : 'A') + sealed.slice(i + 1);
      await expect(personalData.open(CONTACT, PLACE, changed)).rejects.toThrow(/key vault|sealed data/);
    }
  });
});
