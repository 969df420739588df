import { CommandFailure } from '../failure.ts';

/**
 * What a person does in a browser to let the platform in: opens the consent page, presses its button, and follows the
 * way back to the platform's callback.
 */
export async function giveConsent(authorizationUrl: string): Promise<void> {
  const page = await fetch(authorizationUrl);
  if (!page.ok)
    throw new CommandFailure(`The consent page was answered with ${page.status}: ${await page.text()}`, 1);
  const pressed = await fetch(authorizationUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'decision=allow',
    redirect: 'manual',
  });
  const back = pressed.headers.get('location');
  if (back === null)
    throw new CommandFailure(`Consent was answered with ${pressed.status} and no way back.`, 1);
  const callback = await fetch(back);
  if (!callback.ok)
    throw new CommandFailure(
      `The callback was answered with ${callback.status}: ${await callback.text()}`,
      1,
    );
}
