/** The examples that no test runs as they stand, each with the reason. The list is closed: what is in it and in no page any more fails the test too. */
export const notRun: Readonly<Record<string, string>> = {
  'npm start': 'tests/fresh-clone.system.test.ts runs it in a clone of its own',
  'npm test': 'is what runs this',
  'npm install -g ./ramet-cli-0.1.0.tgz': 'tests/packed-cli.test.ts installs what `npm run pack` makes',
  'ramet login http://lab:8420 --user ann':
    'asks at a terminal for a password that Ann alone knows: tests/users.test.ts logs people in',
  'sudo ramet ca --install': 'would make the host of the tests trust it',
  'SSL_CERT_FILE=ramet.pem labctl --endpoint https://localhost:8422 …':
    'labctl is no part of this repository; tests/labctl-replay.test.ts sends what it sends',
}
