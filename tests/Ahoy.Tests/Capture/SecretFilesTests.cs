using Ahoy.Images.Capture;

namespace Ahoy.Tests.Capture;

public sealed class SecretFilesTests : IDisposable
{
    private readonly TemporaryRoot _root = new();

    public void Dispose() => _root.Dispose();

    [Theory]
    [InlineData("/home/u/.ssh/known_hosts", "")]
    [InlineData("/home/u/.netrc", "")]
    [InlineData("/home/u/project/id_ed25519", "")]
    [InlineData("/home/u/project/server.key", "")]
    [InlineData("/home/u/project/server.pem", "-----BEGIN RSA PRIVATE KEY-----\n")]
    public void Reason_SecretFile_IsGiven(string path, string content)
    {
        _root.File(path, content);
        Assert.NotNull(SecretFiles.Reason(_root.HostPath(path)));
    }

    [Theory]
    [InlineData("/home/u/certifi/cacert.pem", "-----BEGIN CERTIFICATE-----\n")]
    [InlineData("/home/u/project/keys.py", "")]
    [InlineData("/home/u/project/monkey", "")]
    public void Reason_OrdinaryFile_IsNone(string path, string content)
    {
        _root.File(path, content);
        Assert.Null(SecretFiles.Reason(_root.HostPath(path)));
    }
}
