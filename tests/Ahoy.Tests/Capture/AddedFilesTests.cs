using Ahoy.Contracts;
using Ahoy.Contracts.Builds;
using Ahoy.Images.Capture;

namespace Ahoy.Tests.Capture;

public sealed class AddedFilesTests : IDisposable
{
    private readonly TemporaryRoot _root = new();

    public void Dispose() => _root.Dispose();

    private AddedFiles Collect(params string[] specifications) => AddedFiles.Collect(specifications, _root.Directory);

    [Theory]
    [InlineData("tool", "app/tool")]
    [InlineData("./tool", "app/tool")]
    [InlineData("tool:/opt/x", "opt/x")]
    [InlineData("tool:/opt/x/", "opt/x/tool")]
    public void Collect_File_GoesToAppOrWhereItIsTold(string specification, string path)
    {
        _root.File("/tool", "12345", executable: true);
        var file = Collect(specification).Files.Single();
        Assert.Equal(new CapturedFile { HostPath = _root.HostPath("/tool"), Path = path, Size = 5, Executable = true }, file);
    }

    [Fact]
    public void Collect_Directory_KeepsInnerLinksAndLeavesSecretsOut()
    {
        _root.File("/d/a", "1").Link("/d/b", "a").File("/d/sub/c", "2").File("/d/.ssh/id_rsa", "3").Link("/d/outside", "/x").File("/x", "4");
        File.Delete(_root.HostPath("/d/outside"));
        _root.Link("/d/outside", _root.HostPath("/x"));
        var added = Collect("d");
        Assert.Equal(["app/d", "app/d/.ssh", "app/d/a", "app/d/b", "app/d/outside", "app/d/sub", "app/d/sub/c"], added.Files.Select(file => file.Path));
        Assert.Equal((BuildFileType.Symlink, "a"), (added.Files[3].Type, added.Files[3].Target));
        Assert.Equal(_root.HostPath("/x"), added.Files[4].HostPath);
        Assert.Contains("id_rsa", Assert.Single(added.Refused));
    }

    [Theory]
    [InlineData("missing", ErrorCode.NotFound)]
    [InlineData("tool:relative", ErrorCode.InvalidRequest)]
    [InlineData("tool:/a/../b", ErrorCode.InvalidRequest)]
    public void Collect_BadSpecification_IsRefused(string specification, ErrorCode code)
    {
        _root.File("/tool", "");
        Assert.Equal(code, Assert.Throws<AhoyException>(() => Collect(specification)).Code);
    }
}
