namespace Ahoy.Images.Capture.Elf;

/// <summary>A program header: p_type, p_offset, p_vaddr, p_filesz.</summary>
internal sealed record ElfSegment(uint Type, ulong Offset, ulong Address, ulong FileSize);
