using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace BoxerMpi.LambdaService.Http;

/// <summary>Checks AWS Signature Version 4 of a request: recomputes the signature over what came in and compares.</summary>
/// <remarks>AWS General Reference, "Create a signed AWS API request"; every service but S3 encodes the path once more.</remarks>
internal sealed class SignatureCheck(Credentials credentials, string region, TimeProvider time)
{
    private const string Service = "lambda";
    private const string DateFormat = "yyyyMMdd'T'HHmmss'Z'";
    private static readonly TimeSpan LargestSkew = TimeSpan.FromMinutes(5);

    /// <summary>All that can be said before the body is there, which is signed too.</summary>
    /// <exception cref="ApiException">The request is unsigned, or does not claim these credentials for this region and time.</exception>
    public SignatureClaim ReadClaim(HttpContext context)
    {
        string header = context.Request.Headers.Authorization.ToString();
        if (header.Length == 0)
            throw new ApiException(403, "MissingAuthenticationTokenException", "Missing Authentication Token");
        SignatureClaim signature = SignatureClaim.Parse(header);

        string[] scope = signature.Credential.Split('/');
        if (scope.Length != 5 || scope[4] != "aws4_request")
            throw Incomplete($"'{signature.Credential}' not a valid key=value pair (missing scope) in Authorization header.");
        if (scope[0] != credentials.AccessKey
            || context.Request.Headers["X-Amz-Security-Token"].ToString() != (credentials.SessionToken ?? ""))
            throw new ApiException(403, "UnrecognizedClientException", "The security token included in the request is invalid.");
        if (scope[2] != region)
            throw Wrong($"Credential should be scoped to a valid region. This service is in '{region}', not in '{scope[2]}'.");
        if (scope[3] != Service)
            throw Wrong($"Credential should be scoped to correct service: '{Service}'.");

        string date = context.Request.Headers["X-Amz-Date"].ToString();
        CheckDate(date, scope[1]);
        if (!signature.SignedHeaders.Contains("host") || !signature.SignedHeaders.Contains("x-amz-date"))
            throw Wrong("'Host' and 'X-Amz-Date' must be 'SignedHeaders' in the AWS Authorization header.");
        return signature;
    }

    /// <param name="signature">What <see cref="ReadClaim"/> made of the request.</param>
    /// <param name="hash">SHA-256 of the whole body, in hexadecimal.</param>
    /// <exception cref="ApiException">The signature is not of this request, or not with these credentials.</exception>
    public void Verify(HttpContext context, SignatureClaim signature, string hash)
    {
        string[] scope = signature.Credential.Split('/');
        string date = context.Request.Headers["X-Amz-Date"].ToString();
        if (context.Request.Headers.TryGetValue("X-Amz-Content-Sha256", out var claimed) && claimed.ToString() != hash)
            throw Wrong("The value of 'X-Amz-Content-Sha256' does not match the request's body.");

        string canonical = Canonical(context, signature.SignedHeaders, hash);
        string toSign = $"{SignatureClaim.Algorithm}\n{date}\n{string.Join('/', scope[1..])}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        byte[] key = Encoding.UTF8.GetBytes("AWS4" + credentials.SecretKey);
        foreach (string part in scope[1..])
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        string expected = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)));
        if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(expected), Encoding.UTF8.GetBytes(signature.Signature)))
        {
            throw Wrong(
                "The request signature we calculated does not match the signature you provided. "
                + "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.");
        }
    }

    private void CheckDate(string date, string day)
    {
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (!DateTimeOffset.TryParseExact(date, DateFormat, CultureInfo.InvariantCulture, Utc, out DateTimeOffset signedAt))
            throw Incomplete($"Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601");
        if (!date.StartsWith(day, StringComparison.Ordinal))
            throw Wrong($"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{day}' != '{date[..8]}', from '{date}'.");
        DateTimeOffset now = time.GetUtcNow();
        if (now - signedAt > LargestSkew)
            throw Wrong($"Signature expired: {date} is now earlier than {Text(now - LargestSkew)} ({Text(now)} - 5 min.)");
        if (signedAt - now > LargestSkew)
            throw Wrong($"Signature not yet current: {date} is still later than {Text(now + LargestSkew)} ({Text(now)} + 5 min.)");

        static string Text(DateTimeOffset at) => at.ToString(DateFormat, CultureInfo.InvariantCulture);
    }

    private static string Canonical(HttpContext context, string[] signedHeaders, string bodyHash)
    {
        string target = Bodies.RawTarget(context);
        int mark = target.IndexOf('?', StringComparison.Ordinal);
        string path = mark < 0 ? target : target[..mark];
        StringBuilder text = new();
        text.Append(context.Request.Method).Append('\n');
        text.AppendJoin('/', path.Split('/').Select(Uri.EscapeDataString)).Append('\n');
        text.Append(CanonicalQuery(mark < 0 ? "" : target[(mark + 1)..])).Append('\n');
        foreach (string name in signedHeaders)
        {
            // A proxy's Host is the sender's business; ours is what came.
            string value = string.Join(',', context.Request.Headers[name].Select(one => Squeezed(one ?? "")));
            text.Append(name).Append(':').Append(value).Append('\n');
        }

        return text.Append('\n').AppendJoin(';', signedHeaders).Append('\n').Append(bodyHash).ToString();
    }

    private static string CanonicalQuery(string query)
    {
        IEnumerable<(string Name, string Value)> pairs = query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair =>
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? pair : pair[..equals];
            return (Encoded(name), equals < 0 ? "" : Encoded(pair[(equals + 1)..]));
        });
        return string.Join('&', pairs
            .OrderBy(pair => pair.Name, StringComparer.Ordinal)
            .ThenBy(pair => pair.Value, StringComparer.Ordinal)
            .Select(pair => $"{pair.Name}={pair.Value}"));

        static string Encoded(string part) => Uri.EscapeDataString(Uri.UnescapeDataString(part));
    }

    /// <summary>Without blanks at the ends, one blank for several.</summary>
    private static string Squeezed(string value) => string.Join(' ', value.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static ApiException Wrong(string message) => new(403, "InvalidSignatureException", message);

    private static ApiException Incomplete(string message) => SignatureClaim.Incomplete(message);
}

/// <summary>The parts of the Authorization header.</summary>
internal sealed record SignatureClaim(string Credential, string[] SignedHeaders, string Signature)
{
    public const string Algorithm = "AWS4-HMAC-SHA256";

    /// <exception cref="ApiException">Parts are missing, or it is another algorithm.</exception>
    public static SignatureClaim Parse(string header)
    {
        if (!header.StartsWith(Algorithm + " ", StringComparison.Ordinal))
            throw Incomplete($"Unsupported AWS 'algorithm': '{header.Split(' ')[0]}'.");
        Dictionary<string, string> parts = [];
        foreach (string part in header[(Algorithm.Length + 1)..].Split(',', StringSplitOptions.TrimEntries))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
                throw Incomplete($"'{part}' not a valid key=value pair (missing equal-sign) in Authorization header.");
            parts[part[..equals]] = part[(equals + 1)..];
        }

        return new(Need("Credential"), Need("SignedHeaders").Split(';'), Need("Signature"));

        string Need(string name) => parts.TryGetValue(name, out string? value)
            ? value
            : throw Incomplete($"Authorization header requires '{name}' parameter.");
    }

    internal static ApiException Incomplete(string message) => new(403, "IncompleteSignatureException", message);
}
