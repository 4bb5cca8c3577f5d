using System.CommandLine;
using BoxerMpi.Aws;
using BoxerMpi.Launching;

namespace BoxerMpi.Launcher.Options;

/// <summary>The options that say where Lambda is, and a client for it.</summary>
internal sealed class LambdaOptions
{
    private readonly Option<string> _endpoint =
        new("--endpoint-url") { HelpName = "URL", Description = "A Lambda service other than AWS's  [default: AWS_ENDPOINT_URL_LAMBDA]" };
    private readonly Option<string> _region =
        new("--region") { HelpName = "R", Description = "Region  [default: AWS_REGION, else the profile's]" };

    public LambdaOptions(Command command)
    {
        command.Add(_endpoint);
        command.Add(_region);
    }

    public IReadOnlyList<Option> All => [_endpoint, _region];

    /// <exception cref="LambdaException">No region is set.</exception>
    public LambdaClient Connect(ParseResult parsed) => new(Read(parsed));

    /// <exception cref="UsageException">The address is none.</exception>
    public LambdaClientOptions Read(ParseResult parsed)
    {
        string? endpoint = parsed.GetValue(_endpoint);
        if (endpoint is not null && (!Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https")))
            throw new UsageException($"--endpoint-url '{endpoint}' is not an address", "as in --endpoint-url http://127.0.0.1:9001");
        return new LambdaClientOptions { EndpointUrl = endpoint, Region = parsed.GetValue(_region) };
    }
}
