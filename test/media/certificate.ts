/** A key and a certificate for `good.test` that nobody trusts, for tests of TLS on loopback. */

const armored = (kind: string, body: string): string => `-----BEGIN ${kind}-----\n${body}\n-----END ${kind}-----\n`;

const KEY_BODY =
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgU0MAdeFVMYzpcOZ7a2kFgjaUe5vRxLD/BPw94jdxvz2hRANCAATZ' +
  'hDelsfcBorsLgDOqGrbvjoHLNVooMtpRLi3gsdPwA6Ae6p7lzsyxypL4CjiNSlu8Ykagkev5ZGb+X1aSM7iB';
const CERTIFICATE_BODY =
  'MIIBYTCCAQegAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlnb29kLnRlc3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAx' +
  'MDEwMDAwMDBaMBQxEjAQBgNVBAMMCWdvb2QudGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNmEN6Wx9wGiuwuAM6oatu+O' +
  'gcs1Wigy2lEuLeCx0/ADoB7qnuXOzLHKkvgKOI1KW7xiRqCR6/lkZv5fVpIzuIGjSDBGMA8GA1UdEwEB/wQFMAMBAf8wFAYDVR0R' +
  'BA0wC4IJZ29vZC50ZXN0MB0GA1UdDgQWBBQT7pGyh6WuQxniXNJJqg+Bj/5ZJDAKBggqhkjOPQQDAgNIADBFAiEA7+P2rt88kLEr' +
  '14rpuHMjygRgUNJYojnbiE70/SaU9AsCID/j3wYgWv8D8QNcrybtVhRdI3QoVl9HJMj2CtT7b8oy';

export const KEY = armored('PRIVATE KEY', KEY_BODY);
export const CERTIFICATE = armored('CERTIFICATE', CERTIFICATE_BODY);
