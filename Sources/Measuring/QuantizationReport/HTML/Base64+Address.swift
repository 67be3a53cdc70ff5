import Bytes

extension Base64 {
  /// `uri` without anything that base64 and its prefix do not contain.
  static func kept(_ uri: String) -> String {
    let allowed = Set(alphabet + Array("=:;,".utf8))
    return String(decoding: uri.utf8.filter { allowed.contains($0) }, as: UTF8.self)
  }
}
