using System.CommandLine;
using System.Text.RegularExpressions;
using BoxerMpi.Aws;
using BoxerMpi.Functions.Deploying;
using BoxerMpi.Launcher.Options;
using BoxerMpi.Launching;

namespace BoxerMpi.Launcher.Lambda;

/// <summary><c>boxer lambda deploy</c>: a program becomes a function whose invocations are ranks.</summary>
internal sealed partial class DeployCommand : Command
{
    private readonly Argument<string> _program =
        new("PROGRAM") { Description = "A project folder, a .csproj, or an executable that needs no other files" };
    private readonly Option<string> _function =
        new("--function") { HelpName = "F", Description = "Name of the function  [default: boxer- and the program's name]" };
    private readonly Option<string> _memory =
        new("--memory") { HelpName = "MB", Description = "Memory, 128 to 10240; CPU grows with it  [default: 2048]" };
    private readonly Option<string> _timeout =
        new("--timeout") { HelpName = "S", Description = "Longest run of a rank, 1 to 900  [default: 900]" };
    private readonly Option<string> _arch = new("--arch") { HelpName = "A", Description = "x86_64 or arm64  [default: this machine's]" };
    private readonly Option<string> _role =
        new("--role") { HelpName = "ARN", Description = "Role to run under  [default: the function's own, else BOXER_LAMBDA_ROLE]" };
    private readonly Option<bool> _readyToRun =
        new("--no-aot") { Description = "For programs that cannot be Native AOT: larger, slower to start" };
    private readonly Option<string> _writeZip = new("--write-zip") { HelpName = "FILE", Description = "Also writes the zip there" };
    private readonly Option<string> _code =
        new("--code") { HelpName = "s3://BUCKET/KEY", Description = "Where the written zip was uploaded to by other means" };
    private readonly Option<string> _bucket = new("--s3-bucket")
    {
        HelpName = "NAME",
        Description = "Bucket of the region that a zip above 50 MB is put into  [default: BOXER_LAMBDA_BUCKET]",
    };

    private readonly Option<bool> _dryRun =
        new("--dry-run") { Description = "Builds, and shows what would be deployed, the policy it needs, and a template" };
    private readonly Option<string> _configuration =
        new("--configuration", "-c") { HelpName = "NAME", Description = "Build configuration  [default: Release]" };
    private readonly Option<bool> _verbose = new("--verbose") { Description = "Shows the build" };
    private readonly LambdaOptions _lambda;

    public DeployCommand()
        : base("deploy", "Deploys a program as a function; deploys again only what has changed")
    {
        Add(_program);
        foreach (Option option in (Option[])
            [_function, _memory, _timeout, _arch, _role, _readyToRun, _writeZip, _code, _bucket, _dryRun, _configuration, _verbose])
        {
            Add(option);
        }

        _lambda = new LambdaOptions(this);
        SetAction(ExecuteAsync);
    }

    private async Task<int> ExecuteAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        FunctionProgram program = new(parsed.GetValue(_program)!)
        {
            ReadyToRun = parsed.GetValue(_readyToRun),
            Configuration = parsed.GetValue(_configuration) ?? "Release",
            Verbose = parsed.GetValue(_verbose),
        };
        FunctionPlan plan = Plan(parsed, program);
        (string Bucket, string Key)? place = Place(parsed.GetValue(_code));
        string? zipFile = OptionValues.WritableFile("--write-zip", parsed.GetValue(_writeZip));

        // Before the build, which takes longer than to find out that there is no region.
        using LambdaClient lambda = _lambda.Connect(parsed);
        if (place is not null && parsed.GetValue(_bucket) is not null)
            throw new UsageException(
                "--code and --s3-bucket exclude each other",
                "--code is for a zip that is in S3 already, --s3-bucket for one that boxer is to put there");
        CodeBucket? bucket = CodeBucket.Find(parsed.GetValue(_bucket), lambda.Region);
        byte[] zip = program.Zip(plan.Architecture);
        if (zipFile is not null)
            await File.WriteAllBytesAsync(zipFile, zip, cancellationToken);
        if (parsed.GetValue(_dryRun))
        {
            Show(plan, lambda.Region, zip, zipFile, bucket);
            return 0;
        }

        FunctionCode code = place is { } uploaded
            ? FunctionCode.InS3(uploaded.Bucket, uploaded.Key)
            : await Deployment.CodeAsync(zip, bucket, plan.Name, cancellationToken);
        string done = await Deployment.ApplyAsync(lambda, plan, code, Deployment.Sha256(zip), cancellationToken);
        Console.WriteLine($"{plan.Name} {done} ({zip.Length} bytes, {plan.MemoryMegabytes} MB, {plan.Timeout.TotalSeconds:F0} s, {plan.Architecture}, {lambda.Region})");
        return 0;
    }

    private static void Show(FunctionPlan plan, string region, byte[] zip, string? zipFile, CodeBucket? bucket)
    {
        Console.WriteLine(
            $"function {plan.Name} in {region}: {plan.Program}, {zip.Length} bytes of zip (SHA-256 {Deployment.Sha256(zip)}),");
        Console.WriteLine($"  {plan.MemoryMegabytes} MB, {plan.Timeout.TotalSeconds:F0} s, {plan.Architecture}, provided.al2023, role {plan.Role ?? "of the function, or BOXER_LAMBDA_ROLE"}");
        Console.WriteLine("\nPolicy of whoever deploys and launches:\n");
        Console.WriteLine(DeployTexts.Policy(region, plan.Name, bucket?.Name));
        Console.WriteLine("\nTemplate (AWS SAM) of the same function:\n");
        Console.WriteLine(DeployTexts.Template(plan, zipFile ?? "FILE-OF---write-zip"));
    }

    private FunctionPlan Plan(ParseResult parsed, FunctionProgram program) =>
        new(program.FunctionName(parsed.GetValue(_function)), program.ShortName)
        {
            Architecture = FunctionProgram.Architecture(parsed.GetValue(_arch)),
            MemoryMegabytes = OptionValues.Number("--memory", parsed.GetValue(_memory), 128, 10_240) ?? FunctionPlan.StandardMemory,
            Timeout = TimeSpan.FromSeconds(OptionValues.Number("--timeout", parsed.GetValue(_timeout), 1, 900) ?? 900),
            Role = parsed.GetValue(_role) ?? FunctionPlan.RoleOfEnvironment,
        };

    private static (string Bucket, string Key)? Place(string? text)
    {
        if (text is null)
            return null;
        Match match = PlaceForm().Match(text);
        return match.Success
            ? (match.Groups[1].Value, match.Groups[2].Value)
            : throw new UsageException($"--code '{text}' is not a place in S3", "as in --code s3://my-bucket/boxer/function.zip");
    }

    [GeneratedRegex(@"^s3://([^/]+)/(.+)\z")]
    private static partial Regex PlaceForm();
}
