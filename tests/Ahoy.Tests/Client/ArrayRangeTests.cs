using Ahoy.Client;
using Ahoy.Client.Jobs;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Tests.Client;

public sealed class ArrayRangeTests
{
    [Theory]
    [InlineData("1-1000", 1, 1000)]
    [InlineData("0-0", 0, 1)]
    [InlineData("2147483640-2147483647", 2147483640, 8)]
    public void Parse_Range_IsItsIndices(string text, int first, int count) => Assert.Equal(new ArrayRange(first, count), ArrayRange.Parse(text));

    [Theory]
    [InlineData("5")]
    [InlineData("5-3")]
    [InlineData("-3")]
    [InlineData("1-")]
    [InlineData("1-2-3")]
    [InlineData("a-b")]
    [InlineData("0-2147483648")]
    [InlineData("1-10001")]
    [InlineData("0-2147483647")]
    public void Parse_SomethingElse_IsRefused(string text) => Assert.Throws<UsageException>(() => ArrayRange.Parse(text));

    [Fact]
    public void Text_OfIds_IsSelectors() => Assert.Equal("3-5 9 11-12", ArrayRange.Text([.. new long[] { 3, 4, 5, 9, 11, 12 }.Select(id => new JobId(id))]));
}
