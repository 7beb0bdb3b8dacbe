using Ahoy.Contracts;
using Ahoy.Images.Capture.Elf;

namespace Ahoy.Tests.Capture;

public sealed class ElfReaderTests
{
    private static readonly ElfImage Full = new()
    {
        Interpreter = "/lib64/ld-linux-x86-64.so.2",
        Soname = "libme.so.1",
        Needed = ["libone.so.1", "libtwo.so.2"],
        Runpath = "$ORIGIN/../lib:/opt/lib",
        VersionNeeds = [("libone.so.1", "ONE_1.0"), ("libone.so.1", "ONE_2.0")],
        VersionDefinitions = ["ME_1", "ME_2"],
    };

    private static ElfFile Read(byte[] bytes) => ElfReader.Read(new MemoryStream(bytes), "the file");

    [Fact]
    public void Read_DynamicProgram_HasWhatTheLinkerLooksFor()
    {
        var file = Read(Full.Bytes());

        Assert.True(file.IsDynamic);
        Assert.Equal("/lib64/ld-linux-x86-64.so.2", file.Interpreter);
        Assert.Equal("libme.so.1", file.Soname);
        Assert.Equal(["libone.so.1", "libtwo.so.2"], file.Needed);
        Assert.Equal("$ORIGIN/../lib:/opt/lib", file.Runpath);
        Assert.Equal([new VersionNeed("libone.so.1", "ONE_1.0", false), new VersionNeed("libone.so.1", "ONE_2.0", false)], file.VersionNeeds);
        Assert.Equal(["ME_1", "ME_2"], file.VersionDefinitions.Order());
    }

    [Fact]
    public void Read_RpathBesideRunpath_IsIgnored() => Assert.Null(Read((Full with { Rpath = "/old" }).Bytes()).Rpath);

    [Fact]
    public void Read_32BitFile_IsRefusedWithTheReason()
    {
        var bytes = Full.Bytes();
        bytes[4] = 1;
        var error = Assert.Throws<AhoyException>(() => Read(bytes));
        Assert.Equal(ErrorCode.NotSupported, error.Code);
        Assert.Contains("32-bit", error.Message);
    }

    [Fact]
    public void Read_FileCutAnywhere_IsDamagedAndNothingWorse()
    {
        var bytes = Full.Bytes();
        for (var length = 0; length < bytes.Length; length++)
        {
            var error = Assert.Throws<AhoyException>(() => Read(bytes[..length]));
            Assert.Equal(ErrorCode.InvalidRequest, error.Code);
        }
    }

    [Fact]
    public void Read_RandomlyChangedBytes_EndsWithAResultOrAnError()
    {
        var original = Full.Bytes();
        var refused = 0;
        for (var seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            var bytes = (byte[])original.Clone();
            for (var i = random.Next(1, 6); i > 0; i--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                Read(bytes);
            }
            catch (AhoyException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 1_000, 19_999);
    }
}
