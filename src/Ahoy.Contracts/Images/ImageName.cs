namespace Ahoy.Contracts.Images;

/// <summary>The form of image names: an OCI repository name with an optional tag, so that every image can be pulled by its name.</summary>
public static class ImageName
{
    /// <exception cref="AhoyException"><see cref="ErrorCode.InvalidRequest"/>.</exception>
    public static string Check(string name)
    {
        var ok = name.Length is > 0 and <= 128 && char.IsAsciiLetterOrDigit(name[0]) && char.IsAsciiLetterOrDigit(name[^1]);
        foreach (var c in name)
        {
            ok &= char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' or '.';
        }

        return ok
            ? name
            : throw new AhoyException(ErrorCode.InvalidRequest, $"\"{name}\" is not an image name. Use lower-case letters, digits, \"-\", \"_\" and \".\", beginning and ending with a letter or digit, at most 128 characters.");
    }
}
