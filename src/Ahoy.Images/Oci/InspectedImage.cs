using Ahoy.Contracts.Images;

namespace Ahoy.Images.Oci;

/// <summary>An image of which every byte was checked, and what its root holds.</summary>
public sealed record InspectedImage(Image Image, ImageContents Contents);
