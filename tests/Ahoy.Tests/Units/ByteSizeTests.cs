using Ahoy.Contracts;
using Ahoy.Contracts.Units;

namespace Ahoy.Tests.Units;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData("512M", 512L << 20)]
    [InlineData("2G", 2L << 30)]
    [InlineData("1.5G", 3L << 29)]
    [InlineData("2GiB", 2L << 30)]
    [InlineData("10kb", 10L << 10)]
    [InlineData("7B", 7)]
    public void Parse_NumberWithUnit_IsBytes(string text, long bytes) => Assert.Equal(bytes, ByteSize.Parse(text));

    [Theory]
    [InlineData("1024", "no unit")]
    [InlineData("", "not a size")]
    [InlineData("-1G", "not a size")]
    [InlineData("2X", "not a unit")]
    [InlineData("99999999P", "too large")]
    public void Parse_Unclear_SaysWhatWouldBeRight(string text, string reason)
    {
        var error = Assert.Throws<AhoyException>(() => ByteSize.Parse(text));
        Assert.Equal(ErrorCode.InvalidRequest, error.Code);
        Assert.Contains(reason, error.Message);
    }

    [Theory]
    [InlineData(0, "0B")]
    [InlineData(1536L << 20, "1.5G")]
    [InlineData(200L << 20, "200M")]
    public void Format_IsShort(long bytes, string text) => Assert.Equal(text, ByteSize.Format(bytes));
}
