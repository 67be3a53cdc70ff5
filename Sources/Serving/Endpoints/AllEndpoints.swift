public import Workbench

/// Everything that a server offers.
public struct AllEndpoints: Sendable {
  public let endpoints: [Endpoint]

  /// `allowedHosts` are those from which pictures are fetched.
  public init(_ workbench: Workbench, allowedHosts: [String] = []) {
    let remote = RemotePictures(hosts: allowedHosts, byteLimit: workbench.limits.pictureBytes)
    endpoints =
      PageEndpoints().endpoints + ServiceEndpoints(workbench).endpoints
      + PictureEndpoints(workbench, remote: remote).endpoints
      + VideoEndpoints(workbench).endpoints + JobEndpoints(workbench).endpoints
  }
}
