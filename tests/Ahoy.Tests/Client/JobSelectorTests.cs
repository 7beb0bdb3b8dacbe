using Ahoy.Client;
using Ahoy.Client.Jobs;

namespace Ahoy.Tests.Client;

public sealed class JobSelectorTests
{
    [Theory]
    [InlineData("42", "42")]
    [InlineData("3-5", "3 4 5")]
    [InlineData("7-7", "7")]
    public void Parse_IdOrRange_IsItsIds(string word, string ids) => Assert.Equal(ids, string.Join(' ', JobSelector.Parse(word)));

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("5-3")]
    [InlineData("1-")]
    [InlineData("1-2-3")]
    [InlineData("1-20000")]
    [InlineData("newest")]
    public void Parse_SomethingElse_SaysWhatWouldBeRight(string word) =>
        Assert.Contains("last", Assert.Throws<UsageException>(() => JobSelector.Parse(word)).Message);
}
