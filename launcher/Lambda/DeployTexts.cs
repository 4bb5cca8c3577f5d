using BoxerMpi.Functions.Deploying;
using BoxerMpi.LambdaBootstrap;

namespace BoxerMpi.Launcher.Lambda;

/// <summary>For those who deploy their own way: what is allowed to whom, and a template.</summary>
internal static class DeployTexts
{
    /// <summary>IAM policy of whoever deploys and launches.</summary>
    /// <param name="region">The function's.</param>
    /// <param name="function">Its name.</param>
    /// <param name="bucket">Where large zips go; null for nowhere.</param>
    public static string Policy(string region, string function, string? bucket) => $$"""
        {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Effect": "Allow",
              "Action": [
                "lambda:CreateFunction", "lambda:GetFunction", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration",
                "lambda:PutFunctionEventInvokeConfig", "lambda:DeleteFunction", "lambda:InvokeFunction"
              ],
              "Resource": "arn:aws:lambda:{{region}}:*:function:{{function}}"
            },
            { "Effect": "Allow", "Action": "lambda:ListFunctions", "Resource": "*" },
            {
              "Effect": "Allow",
              "Action": "iam:PassRole",
              "Resource": "arn:aws:iam::*:role/boxer",
              "Condition": { "StringEquals": { "iam:PassedToService": "lambda.amazonaws.com" } }
            }{{(bucket is null ? "" : BucketStatement(bucket))}}
          ]
        }
        """;

    // What Lambda reads it reads with the rights of whoever asks it to.
    private static string BucketStatement(string bucket) =>
        $$""",{{Environment.NewLine}}    { "Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": "arn:aws:s3:::{{bucket}}/boxer/*" }""";

    /// <summary>SAM template of the same function and its role; its code is the zip that --write-zip writes.</summary>
    public static string Template(FunctionPlan plan, string zip) => $"""
        AWSTemplateFormatVersion: "2010-09-09"
        Transform: AWS::Serverless-2016-10-31
        Resources:
          BoxerRole:
            Type: AWS::IAM::Role
            Properties:
              AssumeRolePolicyDocument:
                Version: "2012-10-17"
                Statement:
                  - Effect: Allow
                    Principal: {"{"} Service: lambda.amazonaws.com {"}"}
                    Action: sts:AssumeRole
              ManagedPolicyArns:
                - arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole
          BoxerFunction:
            Type: AWS::Serverless::Function
            Properties:
              FunctionName: {plan.Name}
              Description: "{FunctionPlan.Mark}{plan.Program}, protocol {RankRequest.CurrentProtocol}"
              CodeUri: {zip}
              Handler: bootstrap
              Runtime: provided.al2023
              Architectures: [{plan.Architecture}]
              MemorySize: {plan.MemoryMegabytes}
              Timeout: {plan.Timeout.TotalSeconds:F0}
              Role: !GetAtt BoxerRole.Arn
              EventInvokeConfig:
                MaximumRetryAttempts: 0
                MaximumEventAgeInSeconds: 60
        """;
}
