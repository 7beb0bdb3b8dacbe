using Ahoy.Contracts;
using Ahoy.Images.Oci;

namespace Ahoy.Runtimes;

/// <summary>An image that is ready to be started on this host.</summary>
public sealed record PreparedImage(Digest Manifest, ImageConfig Config);
