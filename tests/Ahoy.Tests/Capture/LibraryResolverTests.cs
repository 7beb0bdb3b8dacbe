using Ahoy.Images.Capture;
using Ahoy.Images.Capture.Elf;

namespace Ahoy.Tests.Capture;

public sealed class LibraryResolverTests : IDisposable
{
    private readonly TemporaryRoot _root = new();

    public void Dispose() => _root.Dispose();

    private void Elf(string path, ElfImage image) => _root.File(path, image.Bytes(), executable: true);

    private LibraryUse Use(string name, string? libraryPath = null) =>
        new LibraryResolver(new RootDirectory(_root.Directory), libraryPath).Resolve("/app/prog").Uses.Single(use => use.Name == name);

    [Fact]
    public void Resolve_RpathOfTheProgram_ServesItsLibrariesToo()
    {
        Elf("/app/prog", new ElfImage { Needed = ["liba.so"], Rpath = "/x" });
        Elf("/x/liba.so", new ElfImage { Needed = ["libb.so"] });
        Elf("/x/libb.so", new ElfImage());
        Assert.Equal("/x/libb.so", Use("libb.so").Path);
    }

    [Fact]
    public void Resolve_RunpathOfTheProgram_DoesNotServeItsLibraries()
    {
        Elf("/app/prog", new ElfImage { Needed = ["liba.so"], Runpath = "/x" });
        Elf("/x/liba.so", new ElfImage { Needed = ["libb.so"] });
        Elf("/x/libb.so", new ElfImage());
        var use = Use("libb.so");
        Assert.Null(use.Path);
        Assert.Contains("/usr/lib", use.Searched);
        Assert.DoesNotContain("/x", use.Searched);
    }

    [Fact]
    public void Resolve_LibraryPath_ComesBehindRpathAndBeforeRunpath()
    {
        Elf("/one/liba.so", new ElfImage());
        Elf("/two/liba.so", new ElfImage());
        Elf("/app/prog", new ElfImage { Needed = ["liba.so"], Rpath = "/one" });
        Assert.Equal("/one/liba.so", Use("liba.so", "/two").Path);
        Elf("/app/prog", new ElfImage { Needed = ["liba.so"], Runpath = "/one" });
        Assert.Equal("/two/liba.so", Use("liba.so", "/two").Path);
    }

    [Fact]
    public void Resolve_OriginOfALinkedProgram_IsTheDirectoryOfTheFileItself()
    {
        Elf("/opt/tool/bin/real", new ElfImage { Interpreter = "/ld", Needed = ["liba.so"], Runpath = "${ORIGIN}/../lib" });
        Elf("/opt/tool/lib/liba.so", new ElfImage());
        _root.Link("/app/prog", "../opt/tool/bin/real");
        var use = Use("liba.so");
        Assert.Equal("/opt/tool/bin/../lib/liba.so", use.Path);
        Assert.True(use.RelativeToOrigin);
    }

    [Fact]
    public void Resolve_LibraryOfAnotherMachine_IsPassedOver()
    {
        Elf("/app/prog", new ElfImage { Needed = ["liba.so"], Runpath = "/arm:/amd" });
        Elf("/arm/liba.so", new ElfImage { Machine = 183 });
        Elf("/amd/liba.so", new ElfImage());
        Assert.Equal("/amd/liba.so", Use("liba.so").Path);
    }

    [Fact]
    public void Resolve_SonameLoadedAlready_IsNotSearchedAgain()
    {
        Elf("/app/prog", new ElfImage { Needed = ["/x/liba-renamed.so", "libb.so"], Runpath = "/y" });
        Elf("/x/liba-renamed.so", new ElfImage { Soname = "liba.so" });
        Elf("/y/libb.so", new ElfImage { Needed = ["liba.so"] });
        Assert.Equal("/x/liba-renamed.so", Use("liba.so").Path);
    }

    [Fact]
    public void Resolve_Cache_IsUsedAndWithoutItTheConfiguration()
    {
        Elf("/app/prog", new ElfImage { Needed = ["liba.so"] });
        Elf("/one/liba.so", new ElfImage());
        Elf("/two/liba.so", new ElfImage());
        _root.File("/etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n").File("/etc/ld.so.conf.d/a.conf", "# mine\n/two # here\n");
        Assert.Equal("/two/liba.so", Use("liba.so").Path);
        _root.File("/etc/ld.so.cache", LoaderCacheTests.Cache(("liba.so", "/one/liba.so", 0)));
        Assert.Equal("/one/liba.so", Use("liba.so").Path);
    }

    [Fact]
    public void Resolve_AbsoluteLink_StaysInTheRoot()
    {
        Elf("/app/prog", new ElfImage { Needed = ["liba.so"] });
        Elf("/elsewhere/liba.so", new ElfImage());
        _root.Link("/usr/lib/liba.so", "/../../../elsewhere/liba.so");
        Assert.Equal("/usr/lib/liba.so", Use("liba.so").Path);
        // Outside of this root there is such a file, inside there is none.
        _root.Link("/usr/lib/libc-of-the-host.so", "/etc/hostname");
        Assert.Null(new RootDirectory(_root.Directory).Trace("/usr/lib/libc-of-the-host.so"));
    }

    [Fact]
    public void Resolve_VersionThatTheLibraryLacks_IsTold()
    {
        Elf("/app/prog", new ElfImage { Needed = ["liba.so"], Runpath = "/x", VersionNeeds = [("liba.so", "A_1"), ("liba.so", "A_2")] });
        Elf("/x/liba.so", new ElfImage { VersionDefinitions = ["A_1"] });
        var closure = new LibraryResolver(new RootDirectory(_root.Directory), null).Resolve("/app/prog");
        Assert.Equal([new MissingVersion("/app/prog", "/x/liba.so", "A_2")], closure.MissingVersions);
    }

    [Fact]
    public void Resolve_LinksInACircle_AreMissingFiles()
    {
        Elf("/app/prog", new ElfImage { Needed = ["liba.so"] });
        _root.Link("/usr/lib/liba.so", "libb.so").Link("/usr/lib/libb.so", "liba.so");
        Assert.Null(Use("liba.so").Path);
    }
}
