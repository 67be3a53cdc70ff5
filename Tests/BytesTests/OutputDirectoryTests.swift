import Bytes
import Glibc
import TestSupport
import Testing

/// Links that somebody planted in an output folder lead nowhere.
@Suite struct OutputDirectoryTests {
  /// A folder `out` beside a folder `home` with a file in it, which nothing may touch.
  private func withPlace(_ body: (_ place: String, _ out: OutputDirectory) throws -> Void) throws {
    try withTemporaryFolder { place in
      let home = try OutputDirectory("\(place)/home", creating: true)
      try home.write("docs/thesis.txt", Array("precious".utf8))
      try body(place, try OutputDirectory("\(place)/out", creating: true))
      #expect(fileBytes("\(place)/home/docs/thesis.txt") == Array("precious".utf8))
      #expect(folderNames("\(place)/home") == ["docs"])
      #expect(folderNames("\(place)/home/docs") == ["thesis.txt"])
    }
  }

  private func expectFailure(_ code: String, _ body: () throws -> Void) {
    #expect(throws: Failure(.cannotCreate, code: code, "")) { try body() }
  }

  private func expectNames(_ path: String, _ expected: [String]) throws {
    let names = try OutputDirectory(path).names
    #expect(names == expected)
  }

  @Test func foldersBelowAreNotReachedThroughLinks() throws {
    try withPlace { place, out in
      try out.write("a/b/c.txt", [1, 2])
      #expect(fileBytes("\(place)/out/a/b/c.txt") == [1, 2])
      symlink("../home", "\(place)/out/link")
      symlink("\(place)/home/docs", "\(place)/out/a/docs")
      expectFailure("output.link") { try out.write("link/x.txt", [1]) }
      expectFailure("output.link") { try out.write("a/docs/thesis.txt", [1]) }
      expectFailure("output.link") { _ = try out.folder("link/docs") }
      expectFailure("output.link") { try out.removeFile(at: "a/docs/thesis.txt") }
      expectFailure("output.folder") { _ = try out.folder("../home") }
      expectFailure("output.folder") { _ = try out.folder("missing") }
      expectFailure("output.folder") { _ = try out.folder("a/b/c.txt/d", creating: true) }
    }
  }

  @Test func filesReplaceLinks() throws {
    try withPlace { place, out in
      symlink("../home/docs/thesis.txt", "\(place)/out/x.txt")
      try out.write("x.txt", [7])
      #expect(out.entry("x.txt") == .file)
      #expect(fileBytes("\(place)/out/x.txt") == [7])
    }
  }

  @Test func whatIsNotAFileStays() throws {
    try withPlace { place, out in
      mkdir("\(place)/out/folder", 0o700)
      mkfifo("\(place)/out/pipe", 0o600)
      expectFailure("output.not_regular") { try out.write("folder", [1]) }
      expectFailure("output.not_regular") { try out.write("pipe", [1]) }
      try out.write("file", [1])
      expectFailure("output.exists") {
        try out.write("file", replaceExisting: false) { try $0.write([2]) }
      }
      #expect(fileBytes("\(place)/out/file") == [1])
    }
  }

  @Test func growingFilesAreOurOwnOnly() throws {
    try withPlace { place, out in
      symlink("../home/docs/thesis.txt", "\(place)/out/link")
      symlink("nowhere", "\(place)/out/dangling")
      link("\(place)/home/docs/thesis.txt", "\(place)/out/second name")
      mkfifo("\(place)/out/pipe", 0o600)
      mkdir("\(place)/out/folder", 0o700)
      for name in ["link", "dangling", "second name"] {
        expectFailure("output.link") { _ = try out.appendable(name) }
        expectFailure("output.link") { _ = try out.readable(name) }
      }
      expectFailure("output.not_regular") { _ = try out.appendable("pipe") }
      expectFailure("output.create") { _ = try out.appendable("folder") }
      unlink("\(place)/out/second name")
      for byte in [1, 2] as [UInt8] {
        let file = try out.appendable("own")
        #expect(write(file, [byte], 1) == 1)
        close(file)
      }
      #expect(fileBytes("\(place)/out/own") == [1, 2])
      #expect(try out.readable("missing") == nil)
    }
  }

  @Test func removingStaysInside() throws {
    try withPlace { place, out in
      symlink("../home", "\(place)/out/link")
      expectFailure("output.link") { try out.remove("link") }
      try out.write("tree/a/b.txt", [1])
      symlink("../../home", "\(place)/out/tree/link")
      symlink("../../../home/docs", "\(place)/out/tree/a/docs")
      try out.remove("tree")
      try out.remove("tree")
      #expect(out.names == ["link"])
    }
  }

  /// Root alone can play several users.
  @Test(.enabled(if: geteuid() == 0)) func foldersOfOthersAreNotEmptied() throws {
    try withPlace { place, out in
      try out.write("tree/a.txt", [1])
      #expect(chown("\(place)/out/tree", 4242, 4242) == 0)
      expectFailure("output.foreign") { try out.remove("tree") }
      #expect(folderNames("\(place)/out/tree") == ["a.txt"])
      #expect(!out.owns("tree") && !out.owns("missing") && out.names == ["tree"])
      #expect(chown("\(place)/out/tree/a.txt", 4242, 4242) == 0)
      expectFailure("output.foreign") { _ = try out.folder("tree").appendable("a.txt") }
    }
  }

  @Test(.enabled(if: geteuid() == 0)) func linksOfOthersOnTheWayAreRefused() throws {
    try withPlace { place, _ in
      mkdir("\(place)/shared", 0o700)
      chmod("\(place)/shared", 0o1777)
      symlink("../home", "\(place)/shared/link")
      try expectNames("\(place)/shared/link", ["docs"])
      #expect(lchown("\(place)/shared/link", 4242, 4242) == 0)
      expectFailure("output.link") { _ = try OutputDirectory("\(place)/shared/link/docs") }
      expectFailure("output.link") {
        try AtomicFile.write(path: "\(place)/shared/link/x", replaceExisting: true) { _ in }
      }
      // Where nobody else can write, only its owner can have put it.
      chmod("\(place)/shared", 0o755)
      try expectNames("\(place)/shared/link/docs", ["thesis.txt"])
    }
  }

  @Test func linksOnTheWayOfAPersonAreFollowed() throws {
    try withPlace { place, _ in
      symlink("home/docs", "\(place)/work")
      symlink("\(place)/work", "\(place)/again")
      try expectNames("\(place)/again/../docs/.", ["thesis.txt"])
      symlink("circle", "\(place)/circle")
      expectFailure("output.folder") { _ = try OutputDirectory("\(place)/circle") }
    }
  }

  @Test func privateFoldersAreNewAndClosedToOthers() throws {
    try withPlace { place, out in
      let folder = try out.createFolder("mine", isPrivate: true)
      try folder.write("a", [1])
      var status = stat()
      #expect(stat("\(place)/out/mine", &status) == 0 && status.st_mode & 0o777 == 0o700)
      expectFailure("output.folder") { _ = try out.createFolder("mine", isPrivate: true) }
      symlink("../home", "\(place)/out/link")
      expectFailure("output.folder") { _ = try out.createFolder("link") }
    }
  }
}
