using Ahoy.Images.Capture;
using Ahoy.Images.Capture.Packages;

namespace Ahoy.Tests.Capture;

public sealed class DpkgDatabaseTests : IDisposable
{
    private readonly TemporaryRoot _root = new();

    public void Dispose() => _root.Dispose();

    private DpkgDatabase Database() => new(new RootDirectory(_root.Directory));

    [Fact]
    public void Owner_MergedUsr_KnowsBothNamesOfAFile()
    {
        _root.Package("libfoo:amd64", "", "/lib/libfoo.so.1").Package("tool", "", "/usr/bin/tool").Link("/lib", "usr/lib").File("/usr/lib/libfoo.so.1", "");
        var database = Database();
        Assert.Equal("libfoo", database.Owner("/usr/lib/libfoo.so.1"));
        Assert.Equal("libfoo", database.Owner("/lib/libfoo.so.1"));
        Assert.Equal("tool", database.Owner("/bin/tool"));
        Assert.Null(database.Owner("/usr/bin/other"));
    }

    [Fact]
    public void Owner_SeparateUsr_KeepsThemApart()
    {
        _root.Package("libfoo", "", "/lib/libfoo.so.1").File("/lib/libfoo.so.1", "");
        Assert.Null(Database().Owner("/usr/lib/libfoo.so.1"));
    }

    [Fact]
    public void Owner_DivertedFile_BelongsToThePackageThatBroughtIt()
    {
        _root.Package("dash", "", "/bin/sh").Package("other", "", "/bin/sh").File("/var/lib/dpkg/diversions", "/bin/sh\n/bin/sh.distrib\nother\n");
        var database = Database();
        Assert.Equal("dash", database.Owner("/bin/sh.distrib"));
        Assert.Equal("other", database.Owner("/bin/sh"));
    }

    [Fact]
    public void Closure_AlternativesAndVirtualPackages_TakesWhatIsInstalled()
    {
        _root.Package("app", "missing | blas (>= 3), libc6:any").Package("openblas", "libc6").Package("libc6", "app");
        File.AppendAllText(_root.HostPath("/var/lib/dpkg/status"), "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n");
        File.WriteAllText(_root.HostPath("/var/lib/dpkg/status"), File.ReadAllText(_root.HostPath("/var/lib/dpkg/status")).Replace("Package: openblas\n", "Package: openblas\nProvides: blas (= 3)\n"));
        var database = Database();
        Assert.Equal(["app", "libc6", "openblas"], database.Closure("app").Order());
        Assert.DoesNotContain("gone", database.Packages.Keys);
    }

    [Fact]
    public void Owner_NoDpkg_IsNobody() => Assert.Null(Database().Owner("/bin/sh"));
}
