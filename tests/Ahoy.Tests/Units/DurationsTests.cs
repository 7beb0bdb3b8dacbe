using Ahoy.Contracts;
using Ahoy.Contracts.Units;

namespace Ahoy.Tests.Units;

public sealed class DurationsTests
{
    [Theory]
    [InlineData("90s", 90)]
    [InlineData("1h30m", 5400)]
    [InlineData("2d", 172800)]
    public void Parse_NumbersWithUnits_IsTheirSum(string text, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Durations.Parse(text));

    [Theory]
    [InlineData("90")]
    [InlineData("")]
    [InlineData("5m1h")]
    [InlineData("h")]
    [InlineData("1w")]
    public void Parse_Unclear_SaysWhatWouldBeRight(string text) =>
        Assert.Contains("1h30m", Assert.Throws<AhoyException>(() => Durations.Parse(text)).Message);

    [Fact]
    public void Format_ReadsBack() => Assert.Equal("1h30m", Durations.Format(Durations.Parse("90m")));
}
