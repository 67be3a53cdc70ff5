import Bytes

extension Base64 {
  /// Filters `uri` to the characters that base64 and its prefix use.
  static func kept(_ uri: String) -> String {
    let allowed = Set(alphabet + Array("=:;,".utf8))
    return String(decoding: uri.utf8.filter { allowed.contains($0) }, as: UTF8.self)
  }
}
