using System.Runtime.InteropServices;
using Ahoy.Contracts;
using Ahoy.Runtimes.Oci;
using Ahoy.Testing;

namespace Ahoy.Tests.Runtimes;

public sealed partial class DirectoryTreeTests
{
    private const int DirectoryFlag = 0x10000, DirectoryFlagArm = 0x4000, CloseOnExec = 0x80000;
    private static readonly int OpenDirectory = CloseOnExec | (RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? DirectoryFlagArm : DirectoryFlag);

    [Theory]
    [InlineData(0x1C0u)] // 0700
    [InlineData(0u)]
    public async Task Tree_deeper_than_any_path_is_removed_also_when_its_directories_are_closed(uint mode)
    {
        using var folder = new TempDirectory();
        var tree = Directory.CreateDirectory(Path.Combine(folder.Path, "tree")).FullName;
        Nest(tree, 4000, mode);

        await DirectoryTree.RemoveAsync(tree);

        Assert.False(Directory.Exists(tree));
    }

    [Fact]
    public async Task Links_are_removed_and_what_they_name_stays()
    {
        using var folder = new TempDirectory();
        var kept = Directory.CreateDirectory(Path.Combine(folder.Path, "kept")).FullName;
        File.WriteAllText(Path.Combine(kept, "file"), "x");
        var tree = Directory.CreateDirectory(Path.Combine(folder.Path, "tree", "below")).Parent!.FullName;
        Directory.CreateSymbolicLink(Path.Combine(tree, "below", "link"), kept);
        File.CreateSymbolicLink(Path.Combine(tree, "dangling"), "/nowhere");
        for (var i = 0; i < 3000; i++)
            File.WriteAllText(Path.Combine(tree, "below", $"a-file-with-a-name-{i}"), "");

        await DirectoryTree.RemoveAsync(tree);

        Assert.False(Directory.Exists(tree));
        Assert.True(File.Exists(Path.Combine(kept, "file")));
    }

    [Fact]
    public async Task Missing_directory_is_done_and_a_link_in_its_place_is_refused()
    {
        using var folder = new TempDirectory();
        await DirectoryTree.RemoveAsync(Path.Combine(folder.Path, "missing"));
        var link = Directory.CreateSymbolicLink(Path.Combine(folder.Path, "link"), folder.Path).FullName;

        var error = await Assert.ThrowsAsync<AhoyException>(() => DirectoryTree.RemoveAsync(link));

        Assert.Contains(link, error.Message, StringComparison.Ordinal);
    }

    /// <summary>Each level holds the next one and an empty directory; then it gets its mode.</summary>
    private static void Nest(string top, int levels, uint mode)
    {
        var at = OpenAt(-100, top, OpenDirectory);
        for (var i = 0; i < levels; i++)
        {
            Assert.Equal(0, MakeDirectoryAt(at, "next", 0x1C0));
            Assert.Equal(0, MakeDirectoryAt(at, "empty", mode));
            var next = OpenAt(at, "next", OpenDirectory);
            Assert.True(next >= 0, "the next level opens");
            Assert.Equal(0, ChangeMode(at, i == 0 ? 0x1C0 : mode));
            _ = Close(at);
            at = next;
        }

        Assert.Equal(0, ChangeMode(at, mode));
        _ = Close(at);
    }

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenAt(int directory, string path, int flags);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeDirectoryAt(int directory, string path, uint mode);

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    private static partial int ChangeMode(int descriptor, uint mode);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
