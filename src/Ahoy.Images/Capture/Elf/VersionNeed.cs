namespace Ahoy.Images.Capture.Elf;

/// <summary>A symbol version that must be defined by a library: "GLIBC_2.34" of "libc.so.6". A weak need that is not met only makes the linker warn.</summary>
public sealed record VersionNeed(string Library, string Version, bool Weak);
