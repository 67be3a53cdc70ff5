import Bytes
import JSON
import TestSupport
import Testing
import Tokenizer

@Suite("The tokenizer")
struct TokenizerTests {
  @Test("makes the tokens that transformers makes")
  func reference() throws {
    let tokenizer = BytePairTokenizer(try MergeList(path: fixturePath("merges.txt")))
    let storage = try MappedFile.open(fixturePath("tokens.json"))
    let cases = try #require(try JSONValue(parsing: storage).array)
    #expect(cases.count > 200)
    for entry in cases {
      let text = try entry.requiredString("text")
      let expected = try entry.requiredInts("tokens")
      #expect(tokenizer.tokens(text).map(Int.init) == expected, "\(printable(text))")
    }
  }

  @Test("joins the most important pair first, everywhere in a word")
  func order() throws {
    // 512 is "ab", 513 "abab", 514 "ba".
    let tokenizer = BytePairTokenizer(try MergeList(text: "a b\nab ab\nb a\n"))
    #expect(tokenizer.tokens("xababa") == [515, 87, 513, 64 + 256, 516])
    #expect(tokenizer.tokens("") == [515, 516])
    #expect(tokenizer.tokens("<|endoftext|>") == [515, 516, 516])
    #expect(tokenizer.tokens("a!") == [515, 64 + 256, 0, 516])
  }

  @Test("keeps a list of merges through its text")
  func text() throws {
    let list = try MergeList(path: fixturePath("merges.txt"))
    #expect(try MergeList(text: list.text) == list)
    #expect(list.vocabularyCount == 512 + list.count + 2)
  }

  @Test("reads merges in every form that publishers use")
  func forms() throws {
    let expected = try MergeList(text: "a b\nab c</w>")
    let texts = [
      "#version: 0.2\na b\nab c</w>\n\n",
      "\"bpe_simple_vocab_16e6.txt#version: 0.2\na b\nab c</w>\n",
      "a b\r\nab c</w>\r\n", #"{"model": {"merges": ["a b", "ab c</w>"]}}"#,
      #"{"model": {"merges": [["a", "b"], ["ab", "c</w>"]]}}"#,
    ]
    for text in texts { #expect(try MergeList(contents: bytes(Array(text.utf8))) == expected) }
  }

  @Test(
    "refuses what is not a list of merges",
    arguments: [
      ("", "tokenizer.text"), ("#version: 0.2\n", "tokenizer.text"),
      ("a b\na b", "tokenizer.merge"),
      ("a b\nx yz", "tokenizer.merge"), ("a b c", "tokenizer.merge"), ("ab", "tokenizer.merge"),
      (#"{"model": {"merges": [["a"]]}}"#, "tokenizer.merge"), (#"{"model": {}}"#, "json.missing"),
      ("{", "json.syntax"),
    ])
  func refusals(_ text: String, _ code: String) throws {
    let contents = bytes(Array(text.utf8))
    #expect(throws: failure(code)) { try MergeList(contents: contents) }
  }

  @Test("refuses bytes that are not text, and explains how to unpack gzip")
  func bytesThatAreNotText() {
    #expect(throws: failure("tokenizer.text")) { try MergeList(contents: bytes([0x61, 0xFF])) }
    #expect(throws: failure("tokenizer.text")) { try MergeList(contents: bytes([0x1F, 0x8B, 8])) }
  }

  private func bytes(_ bytes: [UInt8]) -> ByteStorage {
    ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
  }
}
