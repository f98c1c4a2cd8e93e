import Testing
import TomboloStorage

@Suite struct ContentDigestTests {
  @Test(
    "the digest is SHA-256",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
    ])
  func vectors(text: String, expected: String) {
    var digest = ContentDigest()
    digest.update(text.utf8)
    #expect(digest.hexadecimal == expected)
  }

  @Test("asking for the digest does not end it")
  func askedBetween() {
    var (parts, whole) = (ContentDigest(), ContentDigest())
    parts.update("tombolo ".utf8)
    _ = parts.hexadecimal
    parts.update("sync".utf8)
    whole.update("tombolo sync".utf8)
    #expect(parts.hexadecimal == whole.hexadecimal)
  }

  @Test("the border between key and value counts")
  func border() {
    var (left, right) = (ContentDigest(), ContentDigest())
    left.update(key: [1, 2], value: [3])
    right.update(key: [1], value: [2, 3])
    #expect(left.hexadecimal != right.hexadecimal)
  }
}
