import Bytes
import Glibc
import TestSupport
import Testing

@testable import Workbench

@Suite("The media folder")
struct MediaFolderTests {
  /// A folder `media` with a picture, a folder in it, and beside it a secret that links lead to.
  private func withMedia(_ body: (MediaFolder, String) throws -> Void) throws {
    try withTemporaryFolder { folder in
      mkdir("\(folder)/media", 0o700)
      mkdir("\(folder)/media/inner", 0o700)
      for path in [
        "media/a.png", "media/inner/b.jpg", "media/clip.mp4", "media/notes.txt", "secret.png",
      ] {
        let file = open("\(folder)/\(path)", O_WRONLY | O_CREAT, 0o600)
        write(file, "hello", 5)
        close(file)
      }
      symlink("../secret.png", "\(folder)/media/link.png")
      symlink("..", "\(folder)/media/up")
      symlink("inner", "\(folder)/media/sideways")
      mkfifo("\(folder)/media/pipe.png", 0o600)
      try body(MediaFolder("\(folder)/media"), folder)
    }
  }

  @Test("gives files below it")
  func files() throws {
    try withMedia { media, _ in
      let found1 = try media.item("a.png").bytes(limit: 10)
      #expect(found1 == Array("hello".utf8))
      let found2 = try media.item("inner/b.jpg").name
      #expect(found2 == "b.jpg")
      let found3 = try media.item("inner//b.jpg").path
      #expect(found3 == "inner/b.jpg")
      let found4 = try media.item("inner").isFolder
      #expect(found4)
      #expect(throws: Failure(.badInput, code: "serve.too_large", "")) {
        try media.item("a.png").bytes(limit: 4)
      }
    }
  }

  @Test(
    "gives nothing else",
    arguments: [
      ("../secret.png", "serve.media_path"), ("inner/../../secret.png", "serve.media_path"),
      ("/etc/passwd", "serve.media_path"), ("./a.png", "serve.media_path"),
      ("a.png\0", "serve.media_path"), ("link.png", "serve.media_missing"),
      ("up/secret.png", "serve.media_missing"), ("sideways/b.jpg", "serve.media_missing"),
      ("none.png", "serve.media_missing"), ("a.png/b", "serve.media_missing"),
      ("pipe.png", "serve.media_kind"),
    ])
  func refusals(_ path: String, _ code: String) throws {
    try withMedia { media, _ in
      #expect(throws: Failure(.badInput, code: code, "")) { try media.item(path) }
    }
  }

  @Test("stays where it was opened when its name leads elsewhere later")
  func renaming() throws {
    try withMedia { media, folder in
      rename("\(folder)/media", "\(folder)/moved")
      symlink("/etc", "\(folder)/media")
      let found5 = try media.item("a.png").byteCount
      #expect(found5 == 5)
    }
  }

  @Test("lists pictures, videos and folders, and no links")
  func listing() throws {
    try withMedia { media, _ in
      let found = try media.entries("").map { "\($0.path) \($0.kind.rawValue)" }
      #expect(found == ["a.png picture", "clip.mp4 video", "inner folder"])
      let found6 = try media.entries("inner").map(\.path)
      #expect(found6 == ["inner/b.jpg"])
    }
  }
}
