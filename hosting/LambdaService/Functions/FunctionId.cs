using System.Text.RegularExpressions;
using BoxerMpi.LambdaService.Http;

namespace BoxerMpi.LambdaService.Functions;

/// <summary>The function that a request names: by name, by account and name, or by ARN, each with or without a qualifier.</summary>
internal sealed partial record FunctionId(string Region, string Account, string Name, string? Qualifier)
{
    /// <summary>The only version that this service keeps.</summary>
    public const string Latest = "$LATEST";

    public string UnqualifiedArn => $"arn:aws:lambda:{Region}:{Account}:function:{Name}";

    public string Arn => Qualifier is null ? UnqualifiedArn : $"{UnqualifiedArn}:{Qualifier}";

    /// <exception cref="ApiException">It is not the form of a name, or names another account or region.</exception>
    public static FunctionId Parse(string text, string? qualifier, LambdaServiceOptions options)
    {
        Match match = Form().Match(text);
        if (!match.Success)
            throw ApiException.Violation("functionName", text, $"Member must satisfy regular expression pattern: {Form()}");
        string? inName = match.Groups["qualifier"] is { Success: true, Value: string found } ? found : null;
        if (inName is not null && qualifier is not null && inName != qualifier)
            throw ApiException.Invalid("The derived qualifier from the function name does not match the specified qualifier.");
        FunctionId id = new(options.Region, options.AccountId, match.Groups["name"].Value, qualifier ?? inName);
        if (match.Groups["region"] is { Success: true } region && region.Value != options.Region)
            throw ApiException.NotFound(text);
        return match.Groups["account"] is { Success: true } account && account.Value != options.AccountId
            ? throw ApiException.NotFound(text)
            : id;
    }

    [GeneratedRegex(
        @"^(arn:(aws[a-zA-Z-]*)?:lambda:(?<region>[a-z0-9-]+):)?((?<account>\d{12}):)?(function:)?(?<name>[a-zA-Z0-9-_]{1,64})(:(?<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?\z",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
